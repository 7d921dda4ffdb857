//! Pages that show findings in the commit that has them. The file of a location is the one of the tree that was uploaded,
//! where such a finding may not stand; locations must not lead to another place, and results may.

use keysieve_engine::Finding;
use keysieve_gitleaks::{Platform, Remote};

use super::super::{Report, uri};

/// The page for a finding of a commit, where the repository is at a host whose pages are known.
pub(super) fn page(report: &Report, finding: &Finding) -> Option<String> {
    let commit = finding.origin.commit()?;
    let path = uri::of_path(finding.origin.root_path()?, &report.summary);
    let remote = report.summary.repository.as_ref()?.remote.as_deref()?;
    // Without what may be a credential. Pages are read in a browser, whatever git speaks with the host.
    let address = uri::of_remote(remote)?;
    let (scheme, rest) = address.split_once("://")?;
    let address = match scheme {
        "http" | "https" => address,
        // A port is that of the other way to speak with the host.
        _ => {
            let (host, path) = rest.split_once('/')?;
            let host = host.split(':').next().unwrap_or(host);
            format!("https://{host}/{path}")
        }
    };
    let Remote { platform, url } = Remote::new(&address, None)?;
    let url = url.trim_end_matches('/');
    let (start, end) = match finding.origin.depth() {
        0 => (finding.location.start.line, finding.location.end.line),
        _ => (1, 1), // it has no line in the file that it was unpacked from
    };
    Some(match platform {
        Platform::GitHub => format!("{url}/blob/{commit}/{path}?plain=1#L{start}-L{end}"),
        Platform::GitLab => format!("{url}/-/blob/{commit}/{path}#L{start}-{end}"),
        Platform::Gitea => format!("{url}/src/commit/{commit}/{path}#L{start}-L{end}"),
        Platform::Bitbucket => format!("{url}/src/{commit}/{path}#lines-{start}:{end}"),
        Platform::AzureDevOps => {
            format!("{url}/commit/{commit}?path=/{path}&line={start}&lineEnd={end}&_a=files")
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keysieve_engine::{ObjectId, Origin};

    use super::super::super::sample;
    use super::*;

    #[test]
    fn a_finding_of_a_commit_has_a_page_at_a_known_host() {
        let page_at = |remote: &str| {
            let mut report = sample::report();
            let repository = report.summary.repository.as_mut().expect("it has one");
            repository.remote = Some(remote.to_owned());
            let finding = &mut report.findings[0].finding;
            let id = ObjectId::new(&[0x5d; 20]).expect("20 bytes");
            finding.origin = Arc::new(Origin::Commit {
                commit: id,
                path: "a b#c".into(),
                blob: id,
            });
            page(&report, &report.findings[0].finding)
        };
        for (remote, start, end) in [
            (
                "git@github.com:a/b.git",
                "https://github.com/a/b/blob/",
                "?plain=1#L",
            ),
            (
                "https://me:x@gitlab.com/a/b.git",
                "https://gitlab.com/a/b/-/blob/",
                "#L",
            ),
            (
                "https://codeberg.org/a/b",
                "https://codeberg.org/a/b/src/commit/",
                "#L",
            ),
            (
                "ssh://git@bitbucket.org:22/a/b.git",
                "https://bitbucket.org/a/b/src/",
                "#lines-",
            ),
            (
                "https://dev.azure.com/o/p/_git/r",
                "https://dev.azure.com/o/p/_git/r/commit/",
                "&line=",
            ),
        ] {
            let page = page_at(remote).unwrap_or_default();
            assert!(
                page.starts_with(start) && page.contains(end),
                "{remote}: {page}"
            );
            assert!(
                page.contains("5d5d/a%20b%23c") || page.contains("path=/a%20b%23c"),
                "{page}"
            );
            assert!(!page.contains(' ') && !page.contains("me:x"), "{page}");
        }
        assert_eq!(page_at("https://git.example/a/b"), None);
        assert_eq!(page_at("/srv/b.git"), None);
    }
}
