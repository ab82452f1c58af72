//! Included files, through the caller's closure, with limits against circles and floods.

use crate::{Place, Problem, tree::problem};

/// Gives the files that an include names, each with its name and bytes, in the proxy's order
/// (alphabetical for a pattern). The argument is the pattern as written, variables resolved where the
/// files define them: `/etc/nginx/conf.d/*.conf`, `sites-enabled/`. It may be relative (nginx: to the
/// folder of nginx.conf; httpd: to `ServerRoot`). Nothing known: an empty list.
pub type Loader<'l> = dyn FnMut(&str) -> Vec<(String, Vec<u8>)> + 'l;

/// Files within files.
const MAX_NESTING: usize = 12;
/// Files in all.
const MAX_FILES: usize = 4_096;

/// The files read so far and those being read.
pub(crate) struct Sources<'l, 'f> {
    load: &'l mut Loader<'f>,
    /// Files being read, outermost first.
    reading: Vec<String>,
    /// All files, in the order in which they were begun.
    pub(crate) files: Vec<String>,
}

impl<'l, 'f> Sources<'l, 'f> {
    pub(crate) fn new(name: &str, load: &'l mut Loader<'f>) -> Sources<'l, 'f> {
        Sources { load, reading: vec![name.to_owned()], files: vec![name.to_owned()] }
    }

    /// The files that `pattern` names and that may be read now. A missing file is a problem unless `optional`.
    pub(crate) fn open(
        &mut self,
        pattern: &str,
        optional: bool,
        place: &Place,
        problems: &mut Vec<Problem>,
    ) -> Vec<(String, Vec<u8>)> {
        if self.reading.len() > MAX_NESTING {
            problems.push(problem(
                place,
                format!("include of `{pattern}` nested too deep"),
                format!("at most {MAX_NESTING} files within each other"),
            ));
            return Vec::new();
        }
        let mut found = (self.load)(pattern);
        if found.is_empty() && !optional && !pattern.contains(['*', '?', '[']) {
            problems.push(problem(
                place,
                format!("included file `{pattern}` is not at hand"),
                "the file, to read it too",
            ));
        }
        found.retain(|(name, _)| {
            let circle = self.reading.contains(name);
            if circle {
                problems.push(problem(place, format!("`{name}` includes itself"), "no circle of includes"));
            }
            !circle
        });
        let room = MAX_FILES.saturating_sub(self.files.len());
        if found.len() > room {
            problems.push(problem(place, "too many included files", format!("at most {MAX_FILES}")));
            found.truncate(room);
        }
        found
    }

    /// `name` is being read from here on.
    pub(crate) fn enter(&mut self, name: &str) {
        self.reading.push(name.to_owned());
        if self.files.len() < MAX_FILES {
            self.files.push(name.to_owned());
        }
    }

    /// The file entered last has been read.
    pub(crate) fn leave(&mut self) {
        self.reading.pop();
    }
}
