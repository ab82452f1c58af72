//! The guide is run: every command in its console blocks, in order, in a folder that holds what the page says it does.
//!
//! A page may say in a comment what it works on: `<!-- works on: fixtures/scenarios/worker-crash -->`. Its logs are then
//! `./logs` and its configuration `./conf`. A command ends well unless the block is followed by `<!-- exit: 1 -->`.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &target) } else { std::fs::copy(&path, &target).map(|_| ()).unwrap() }
    }
}

#[test]
fn every_command_of_the_guide_works() {
    let guide = root().join("docs/guide");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(&guide).unwrap().flatten().map(|e| e.path()).collect();
    pages.sort();
    let mut commands = 0;
    for page in pages.iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(page).unwrap();
        let works_on = text.split_once("<!-- works on: ").and_then(|(_, rest)| rest.split_once(" -->"));
        let works_on = works_on.map_or("fixtures/scenarios/worker-crash", |(folder, _)| folder);
        let dir = tempfile::tempdir().unwrap();
        copy(&root().join(works_on), dir.path());
        for (block, expected) in blocks(&text) {
            for line in block.lines().filter_map(|l| l.strip_prefix("$ ")) {
                let o = shell(line, dir.path());
                let said = String::from_utf8_lossy(&o.stderr).into_owned();
                assert_eq!(o.status.code(), Some(expected), "{}: $ {line}\n{said}", page.display());
                commands += 1;
            }
        }
    }
    assert!(commands >= 25, "{commands}");
}

fn shell(line: &str, dir: &Path) -> std::process::Output {
    let program = Path::new(env!("CARGO_BIN_EXE_logjoin"));
    let folder = program.parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&path));
    Command::new("sh")
        .args(["-c", line])
        .env("PATH", std::env::join_paths(all).unwrap())
        .env("XDG_CONFIG_HOME", dir.join("settings"))
        .current_dir(dir)
        .output()
        .expect("a shell")
}

/// The console blocks of a page, each with the exit code that is expected of its commands.
fn blocks(text: &str) -> Vec<(&str, i32)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("```console\n") {
        let Some((block, after)) = after.split_once("```\n") else { break };
        let code = after.trim_start().strip_prefix("<!-- exit: ").and_then(|c| c.split(' ').next());
        out.push((block, code.and_then(|c| c.parse().ok()).unwrap_or(0)));
        rest = after;
    }
    out
}
