//! Comma-separated values with quotes, as spreadsheets write them: enough to read labelled samples.

/// All rows of a file; cells without their quotes.
pub(crate) fn rows(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = Vec::new();
    let mut quoted = false;
    let mut bytes = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).iter().copied().peekable();
    while let Some(b) = bytes.next() {
        match b {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                cell.push(b'"');
            }
            b'"' if quoted => quoted = false,
            b'"' if cell.is_empty() => quoted = true,
            b',' if !quoted => row.push(std::mem::take(&mut cell)),
            b'\r' if !quoted && bytes.peek() == Some(&b'\n') => {}
            b'\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(b),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn quotes_commas_and_line_ends() {
        let text = b"a,b\r\n\"x, y\",\"say \"\"hi\"\"\"\n5\" disk,\"two\nlines\"";
        let cells: Vec<Vec<String>> = rows(text)
            .into_iter()
            .map(|r| r.into_iter().map(|c| String::from_utf8(c).unwrap()).collect())
            .collect();
        assert_eq!(cells, [["a", "b"], ["x, y", "say \"hi\""], ["5\" disk", "two\nlines"]]);
    }
}
