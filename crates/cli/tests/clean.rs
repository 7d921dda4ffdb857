//! `fixtures/clean` is what users have in their repositories and is no secret: no finding at the default confidence.

use tempfile::TempDir;

use crate::program::{array, copy_clean, files, fixtures, report, text};

#[test]
fn nothing_is_found_where_nothing_is() {
    let folder = TempDir::new().unwrap();
    copy_clean(folder.path());
    let report = report(folder.path(), &["--exit-zero", "--no-ignore"], 0);
    let reported = |finding: &&serde_json::Value| finding.get("suppressed").is_none();
    let findings: Vec<String> = array(&report, "/findings")
        .iter()
        .filter(reported)
        .map(|finding| {
            let [path, rule, context] = ["/path", "/rule", "/context"].map(|at| text(finding, at));
            format!("{path}:{} {rule}\n    {context}", finding["start"]["line"])
        })
        .collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert_eq!(report["issues"], serde_json::json!([]));
    assert_eq!(report["summary"]["files"], files(&fixtures("clean")).len());
}
