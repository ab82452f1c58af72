//! The `logjoin` command.
fn main() {
    let paths: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    let (analysis, problems) = logjoin_cli::engine::analyze(&paths, &[], logjoin::Options::default());
    for p in problems {
        anstream::eprintln!("{p}");
    }
    anstream::println!("{}", serde_json::to_string_pretty(&analysis).unwrap_or_default());
}
