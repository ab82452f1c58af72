//! `docs/checks.md` says what the table says.

#[test]
fn the_page_is_current() {
    let path = crate::repository("docs/checks.md");
    let page = logjoin_check::reference_page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/checks.md is not current: run this test with UPDATE_EXPECT=1");
}
