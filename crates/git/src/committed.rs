//! Single files of a commit, such as the configuration that a base branch has.

use gix::ObjectId;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryKind;

use crate::{Error, ErrorKind, Opened};

/// The longest file that is given, in bytes.
const MAX_FILE: u64 = 64 << 20;

impl Opened {
    /// The id, in hexadecimal, of the commit that a revision such as `origin/main` names.
    ///
    /// # Errors
    ///
    /// It names nothing, or no commit; in a shallow clone that may be because the clone is shallow.
    pub fn commit_id(&self, revision: &str) -> Result<String, Error> {
        self.id(&format!("{revision}^{{commit}}"))
    }

    /// The content of the file at `path` (with slashes, from the root) in the commit with this id in hexadecimal; `None`
    /// where the commit has nothing there.
    ///
    /// # Errors
    ///
    /// There is no such commit, an object cannot be read, or what stands at the path is no file: a folder, a link, a
    /// submodule.
    pub fn file_at(&self, commit: &str, path: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let request = |message: String| Error::of(ErrorKind::Request, message);
        let no_file = || {
            let path = path.escape_ascii();
            request(format!("`{path}` is no regular file in commit {commit}"))
        };
        let id = ObjectId::from_hex(commit.as_bytes())
            .map_err(|_| request(format!("`{commit}` is no id of a commit")))?;
        let failed = |fault: crate::change::Fault| self.error(&fault.message);
        let mut at = self.objects.commit(&id).map_err(failed)?.tree;
        let mut bytes = Vec::new();
        let mut names = path.split(|b| *b == b'/').peekable();
        while let Some(name) = names.next() {
            self.objects.tree(&at, &mut bytes).map_err(failed)?;
            let mut found = None;
            for entry in TreeRefIter::from_bytes(&bytes, self.objects.hash()) {
                let entry = entry.map_err(|_| self.error(&format!("tree {at} is damaged")))?;
                if entry.filename == name {
                    found = Some((entry.mode.kind(), entry.oid.to_owned()));
                }
            }
            let Some((kind, id)) = found else {
                return Ok(None);
            };
            at = id;
            match (names.peek().is_none(), kind) {
                (false, EntryKind::Tree) | (true, EntryKind::Blob | EntryKind::BlobExecutable) => {}
                (false, _) => return Ok(None),
                (true, _) => return Err(no_file()),
            }
        }
        let (_, length) = self.objects.header(&at).map_err(failed)?;
        if length > MAX_FILE {
            let path = path.escape_ascii();
            return Err(request(format!(
                "`{path}` in commit {commit} is larger than {} MiB",
                MAX_FILE >> 20
            )));
        }
        self.objects.blob(&at, &mut bytes).map_err(failed)?;
        Ok(Some(bytes))
    }
}
