//! Text that many rows share. What error lines and failed requests say (a message, a server, an agent) is nearly always what others
//! said before them, so that each wording is in memory once.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hash::{Map, hash};

/// Wordings that are remembered of one file; then all are forgotten.
const MOST: usize = 1 << 12;

/// A shared piece of text. It is stored as a string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Text(Arc<str>);

/// The wordings that were met last.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    seen: Map<u64, Text>,
}

impl Texts {
    /// The text of some bytes; what is not UTF-8 is replaced.
    pub fn of(&mut self, bytes: &[u8]) -> Text {
        let key = hash(bytes);
        if let Some(text) = self.seen.get(&key).filter(|t| t.as_bytes() == bytes) {
            return text.clone();
        }
        if self.seen.len() >= MOST {
            self.seen.clear();
        }
        let text = Text::from(&*String::from_utf8_lossy(bytes));
        self.seen.insert(key, text.clone());
        text
    }

    /// The same of what may be missing.
    pub fn of_opt(&mut self, bytes: Option<&[u8]>) -> Option<Text> {
        bytes.map(|b| self.of(b))
    }
}

impl Text {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::from("")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text(text.into())
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> String {
        text.as_str().to_owned()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        String::deserialize(deserializer).map(Text::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wording_is_kept_once() {
        let mut texts = Texts::default();
        let (a, b) = (texts.of(b"10.0.0.1:80"), texts.of(b"10.0.0.1:80"));
        assert!(Arc::ptr_eq(&a.0, &b.0));
        assert_eq!((a.as_str(), texts.of(b"\xff").as_str()), ("10.0.0.1:80", "\u{fffd}"));
        assert_eq!(texts.of_opt(None), None);
        for n in 0..3 * MOST {
            assert_eq!(texts.of(n.to_string().as_bytes()).as_str(), n.to_string());
            assert!(texts.seen.len() <= MOST);
        }
    }

    #[test]
    fn it_is_stored_as_a_string() {
        let text = Text::from("a \"b\"");
        let json = serde_json::to_string(&text).expect("a string");
        assert_eq!(json, r#""a \"b\"""#);
        assert_eq!(serde_json::from_str::<Text>(&json).expect("text"), text);
    }
}
