//! Pages that show what was found.

use crate::finding::Finding;

/// Where a repository is hosted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Platform {
    /// github.com, or an installation of it.
    GitHub,
    /// gitlab.com, or an installation of it.
    GitLab,
    /// Azure DevOps.
    AzureDevOps,
    /// Gitea, Forgejo or Codeberg.
    Gitea,
    /// Bitbucket.
    Bitbucket,
}

/// A hosted repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// By whom.
    pub platform: Platform,
    /// The page of the repository.
    pub url: String,
}

impl Platform {
    /// The platform of that name, as `--platform` has it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "github" => Self::GitHub,
            "gitlab" => Self::GitLab,
            "azuredevops" => Self::AzureDevOps,
            "gitea" => Self::Gitea,
            "bitbucket" => Self::Bitbucket,
            _ => return None,
        })
    }

    /// The platform of a host that everybody knows.
    pub fn of_host(host: &str) -> Option<Self> {
        Some(match host.to_lowercase().as_str() {
            "github.com" => Self::GitHub,
            "gitlab.com" => Self::GitLab,
            "dev.azure.com" | "visualstudio.com" => Self::AzureDevOps,
            "gitea.com" | "code.forgejo.org" | "codeberg.org" => Self::Gitea,
            "bitbucket.org" => Self::Bitbucket,
            _ => return None,
        })
    }
}

impl Remote {
    /// The remote that git calls `url`, on `platform` or else on the one that its host tells.
    pub fn new(url: &str, platform: Option<Platform>) -> Option<Self> {
        let url = url.trim();
        let page = match url
            .strip_prefix("git@")
            .and_then(|rest| rest.split_once(':'))
        {
            // `git@host:owner/name`, or with a port before the owner.
            Some((host, path)) => {
                let (port, rest) = path.split_once('/').unwrap_or(("", path));
                let is_port =
                    (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
                format!("https://{host}/{}", if is_port { rest } else { path })
            }
            None => url.to_owned(),
        };
        let page = page.strip_suffix(".git").unwrap_or(&page);
        let (scheme, rest) = page.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let name = host.split(':').next().unwrap_or(host);
        Some(Self {
            platform: platform.or_else(|| Platform::of_host(name))?,
            url: format!("{scheme}://{host}/{path}"),
        })
    }

    /// The page that shows a finding, or nothing for one without a commit.
    pub fn link(&self, finding: &Finding) -> String {
        let commit = finding.commit_id();
        if commit.is_empty() {
            return String::new();
        }
        let (file, is_inside) = match finding.file.split_once('!') {
            Some((archive, _)) => (archive, true),
            None => (finding.file.as_str(), false),
        };
        let file = file.replace('%', "%25").replace(' ', "%20");
        let url = &self.url;
        let page = match self.platform {
            Platform::GitHub | Platform::GitLab => format!("{url}/blob/{commit}/{file}"),
            Platform::AzureDevOps => format!("{url}/commit/{commit}?path=/{file}"),
            Platform::Gitea => format!("{url}/src/commit/{commit}/{file}"),
            Platform::Bitbucket => format!("{url}/src/{commit}/{file}"),
        };
        if is_inside {
            // It shows an archive, and no line in it.
            return page;
        }
        let lower = file.to_lowercase();
        let is_rendered = lower.ends_with(".md") || lower.ends_with(".ipynb");
        let plain = match self.platform {
            Platform::GitHub if is_rendered => "?plain=1",
            Platform::Gitea if is_rendered => "?display=source",
            _ => "",
        };
        let (start, end) = (finding.start_line, finding.end_line);
        let lines = |first: &str, last: &str| {
            let mut lines = String::new();
            if start != 0 {
                lines.push_str(&format!("{first}{start}"));
            }
            if end != start {
                lines.push_str(&format!("{last}{end}"));
            }
            lines
        };
        let lines = match self.platform {
            Platform::GitHub | Platform::Gitea => lines("#L", "-L"),
            Platform::GitLab => lines("#L", "-"),
            Platform::AzureDevOps => {
                lines("&line=", "&lineEnd=")
                    + "&lineStartColumn=1&lineEndColumn=10000000&type=2&lineStyle=plain&_a=files"
            }
            Platform::Bitbucket => lines("#lines-", ":"),
        };
        format!("{page}{plain}{lines}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Commit;
    use std::sync::Arc;

    #[test]
    fn remotes_become_pages() {
        let page = |url: &str| Remote::new(url, None).map(|remote| remote.url);
        assert_eq!(
            page("git@github.com:a/b.git").as_deref(),
            Some("https://github.com/a/b")
        );
        assert_eq!(
            page("https://user@github.com/a/b.git").as_deref(),
            Some("https://github.com/a/b")
        );
        assert_eq!(page("https://example.com/a/b"), None);
        assert_eq!(page("origin"), None);
        let given = Remote::new("git@example.com:2222/a/b", Some(Platform::GitLab)).unwrap();
        assert_eq!(given.url, "https://example.com/a/b");
    }

    #[test]
    fn links_name_the_lines() {
        let mut finding = Finding {
            file: "a b.md".into(),
            start_line: 3,
            end_line: 4,
            commit: Some(Arc::new(Commit {
                id: "c0".into(),
                ..Commit::default()
            })),
            ..Finding::default()
        };
        let link = |platform, finding: &Finding| {
            let url = "https://h/r".to_owned();
            Remote { platform, url }.link(finding)
        };
        assert_eq!(
            link(Platform::GitHub, &finding),
            "https://h/r/blob/c0/a%20b.md?plain=1#L3-L4"
        );
        assert_eq!(
            link(Platform::GitLab, &finding),
            "https://h/r/blob/c0/a%20b.md#L3-4"
        );
        assert_eq!(
            link(Platform::Bitbucket, &finding),
            "https://h/r/src/c0/a%20b.md#lines-3:4"
        );
        finding.file = "a b.zip!c.md".into();
        assert_eq!(
            link(Platform::AzureDevOps, &finding),
            "https://h/r/commit/c0?path=/a%20b.zip",
            "no page shows a line in an archive"
        );
        finding.commit = None;
        assert_eq!(link(Platform::GitHub, &finding), "");
    }
}
