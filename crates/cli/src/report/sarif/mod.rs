//! SARIF 2.1.0, for code scanning services.
//!
//! Written for what the services do with it, not only for the standard:
//!
//! * GitHub tells alerts apart by `partialFingerprints.primaryLocationLineHash` alone, shows the message and the help
//!   of the rule, ranks by `security-severity` and `precision` and filters by the tags of the rule.
//! * It ignores `suppressions` and opens an alert for a suppressed result, so these are left out unless asked for.
//! * It rejects whole files: for empty strings, for a rule with more than 20 tags, for too long descriptions.
//! * It resolves references against the root of the repository, here called [`location::ROOT`] as in CodeQL's reports.
//!   The report does not say where on this machine that is: it is the same wherever the clone lies.
//! * It rejects whole files above certain sizes ([`room`]). Above them the least important findings are left out: suppressed
//!   ones first, then by severity, confidence and place. A notification says how many.
//! * `rank` would override the severity on GitLab and is not written.
//!
//! What went wrong in the scan is in `invocations[0].toolExecutionNotifications`, and `executionSuccessful` says
//! whether the scan was complete. Neither a time nor the command line is written. The kinds of notifications are not
//! described in the driver: GitHub's validation rules would demand help texts for them as for rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::ptr;

use jiff::Timestamp;
use keysieve_engine::policy::{SuppressedBy, Suppression as Why, Verdict};
use keysieve_engine::{Finding, Issue, IssueKind, ObjectId, Severity};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, Notification, NotificationLevel, PropertyBag,
    ReportingDescriptorReference, Result as SarifResult, ResultColumnKind, ResultLevel, Run,
    RunAutomationDetails, Sarif, Suppression, SupressionKind, SupressionStatus, Tool,
    ToolComponent, VersionControlDetails,
};

use super::{Options, Report, Reported, Reveal, cwe, json, line_hash, place, uri};

mod location;
mod room;
mod rules;
mod viewer;

use room::Room;

/// The schema, by the address that GitHub's documentation uses.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The key of our own fingerprint. The version is that of the fingerprint.
const FINGERPRINT: &str = "keysieve/v1";

/// Writes the log of one run.
pub(super) fn write(
    report: &Report,
    options: &Options<'_>,
    out: &mut dyn io::Write,
) -> io::Result<u64> {
    let (run, left_out) = run(report, options);
    let log = Sarif::builder()
        .schema(SCHEMA)
        .version("2.1.0")
        .runs([run])
        .build();
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")?;
    Ok(left_out as u64)
}

/// The run, and how many findings it has no room for.
fn run(report: &Report, options: &Options<'_>) -> (Run, usize) {
    let wanted =
        |reported: &Reported| options.sarif_suppressed || reported.verdict == Verdict::Report;
    // The rank of each finding that may be shown, and these findings in the order of the report.
    let ranks: HashMap<_, _> = report
        .ranked()
        .into_iter()
        .filter(|reported| wanted(reported))
        .take(room::MAX_RESULTS)
        .enumerate()
        .map(|(rank, reported)| (ptr::from_ref(reported), rank))
        .collect();
    let (shown, ranks): (Vec<_>, Vec<_>) = report
        .findings
        .iter()
        .filter_map(|reported| Some((reported, *ranks.get(&ptr::from_ref(reported))?)))
        .unzip();
    let rules = rules::Table::new(report, &shown);
    let hashes = line_hashes(&shown, options);
    let results: Vec<_> = shown
        .iter()
        .zip(hashes)
        .map(|(reported, hash)| result(report, options, &rules, reported, hash))
        .collect();
    let mut by_rank: Vec<_> = ranks.iter().zip(&results).collect();
    by_rank.sort_by_key(|(rank, _)| **rank);
    let fit = Room::new(room::RESULTS).take(by_rank.into_iter().map(|(_, result)| result));
    let results: Vec<_> = ranks
        .into_iter()
        .zip(results)
        .filter_map(|(rank, result)| (rank < fit).then_some(result))
        .collect();
    let left_out = report.findings.iter().filter(|r| wanted(r)).count() - results.len();

    let gone: BTreeSet<ObjectId> = shown
        .iter()
        .filter_map(|reported| report.past.gone(&reported.finding.origin))
        .collect();

    let version = env!("CARGO_PKG_VERSION");
    let driver = ToolComponent::builder()
        .name("keysieve")
        .full_name(format!("keysieve {version}"))
        .semantic_version(version)
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.descriptors())
        .build();
    let mut run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .results(results)
        .column_kind(ResultColumnKind::Utf16CodeUnits.to_string())
        .original_uri_base_ids(location::bases(&gone))
        .automation_details(
            RunAutomationDetails::builder()
                .id(&options.category)
                .build(),
        )
        .invocations([invocation(report, left_out)])
        .build();
    run.version_control_provenance = provenance(report, &gone);
    (run, left_out)
}

/// The `primaryLocationLineHash` of each finding, where its text is to be had.
///
/// The first finding of a line gets what GitHub's upload action computes for the line; each further one gets the same
/// with its number on the line after it, for two results with one hash would become one alert.
fn line_hashes(shown: &[&Reported], options: &Options<'_>) -> Vec<Option<String>> {
    let mut hashes = Vec::with_capacity(shown.len());
    for file in shown.chunk_by(|a, b| a.finding.origin.root() == b.finding.origin.root()) {
        let lines: Vec<_> = file
            .iter()
            .map(|reported| place::outer_lines(&reported.finding).0)
            .collect();
        let of_line = match options.texts.text(file[0].finding.origin.root()) {
            Some(text) => line_hash::compute(&text, &lines.iter().copied().collect()),
            None => HashMap::new(),
        };
        let mut nth = HashMap::new();
        hashes.extend(lines.into_iter().map(|line| {
            let nth = nth.entry(line).and_modify(|n| *n += 1).or_insert(1);
            let hash = of_line.get(&line)?;
            Some(if *nth == 1 {
                hash.clone()
            } else {
                format!("{hash}:{nth}")
            })
        }));
    }
    hashes
}

fn result(
    report: &Report,
    options: &Options<'_>,
    rules: &rules::Table<'_>,
    Reported { finding, verdict }: &Reported,
    line_hash: Option<String>,
) -> SarifResult {
    let rule = report.rule(finding);
    let fingerprint = (FINGERPRINT.to_owned(), finding.fingerprint.to_string());
    let line_hash = line_hash.map(|hash| ("primaryLocationLineHash".to_owned(), hash));
    let pair = location::pair(report, finding);
    let mut result = SarifResult::builder()
        .rule_id(&*rule.id)
        .rule_index(rules.index(&rule.id))
        .level(level(finding.severity))
        .message(&message(report, finding, pair.as_ref()))
        .locations([location::primary(report, finding)])
        .partial_fingerprints(
            line_hash
                .into_iter()
                .chain([fingerprint])
                .collect::<BTreeMap<_, _>>(),
        )
        .properties(properties(report, finding, options.reveal))
        .build();
    result.hosted_viewer_uri = viewer::page(report, finding);
    result.related_locations = pair.map(|pair| vec![pair]);
    // The standard wants the property on all results of a run or on none.
    result.suppressions = options.sarif_suppressed.then(|| match verdict {
        Verdict::Report => Vec::new(),
        Verdict::Suppressed(why) => vec![suppression(why)],
    });
    result
}

/// What happened, for the list of alerts: the first sentence is all that is shown where space is short.
fn message(report: &Report, finding: &Finding, pair: Option<&Location>) -> String {
    let rule = report.rule(finding);
    let kind = finding.kind.as_str();
    let mut text = format!(
        "{}, masked '{}', in a file of kind '{kind}'.",
        rule.name,
        finding.secret.masked()
    );
    let origin = &finding.origin;
    match (origin.commit(), origin.object_kind(), origin.object()) {
        (Some(commit), ..) => text += &format!(" Commit {} added it.", place::short(commit)),
        (None, Some(kind), Some(id)) if origin.root_path().is_none() => {
            text += &format!(" It stands in the {kind} {}.", place::short(id));
        }
        _ => {}
    }
    if !place::is_outside(&finding.origin) {
        let (inner, start) = (place::show(&finding.origin), finding.location.start);
        text += &format!(
            " It stands in '{inner}', line {}, column {}.",
            start.line, start.column
        );
    }
    if let (Some(pair), Some(_)) = (&finding.pair, pair) {
        text += &format!(
            " Its other half is in [line {}]({}).",
            pair.location.start.line,
            location::PAIR_ID
        );
    }
    text + " " + &rule.remediation
}

fn properties(report: &Report, finding: &Finding, reveal: Reveal) -> PropertyBag {
    let evidence: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
    let mut more = BTreeMap::from([
        ("fileKind".to_owned(), json!(finding.kind)),
        ("severity".to_owned(), json!(finding.severity)),
        ("confidence".to_owned(), json!(finding.confidence)),
        ("evidence".to_owned(), json!(evidence)),
    ]);
    let commit = finding.origin.commit();
    more.extend(commit.map(|commit| ("git".to_owned(), git(report, finding, commit))));
    let past = report.past.of(finding).map(json::PastOf::new);
    more.extend(past.map(|past| ("past".to_owned(), json!(past))));
    let object = json::Object::of(&finding.origin);
    more.extend(object.map(|object| ("object".to_owned(), json!(object))));
    if finding.origin.depth() > 0 {
        more.insert("inside".to_owned(), json!(json::inside(&finding.origin)));
    }
    if reveal == Reveal::Plain {
        let (secret, base64) = json::text_and_base64(finding.secret.expose());
        more.insert("secret".to_owned(), json!(secret));
        more.extend(base64.map(|base64| ("secretBase64".to_owned(), json!(base64))));
    }
    let tags = [
        Some(finding.kind.as_str().to_owned()),
        cwe::of_kind(finding.kind).map(rules::cwe_tag),
    ];
    PropertyBag::builder()
        .tags(tags.into_iter().flatten().collect::<Vec<_>>())
        .additional_properties(more)
        .build()
}

/// The commit that has the finding, its blob, and the day when the commit was made where that is known.
fn git(report: &Report, finding: &Finding, commit: ObjectId) -> Value {
    let past = report.past.of(finding);
    let introduced = past.and_then(|past| past.introduced.as_ref());
    let introduced = introduced.filter(|introduced| introduced.id == commit);
    let date = introduced.and_then(|commit| Timestamp::from_second(commit.seconds).ok());
    let mut git = json!({
        "commit": commit.to_string(),
        "blob": finding.origin.object().map(|id| id.to_string()),
    });
    if let Some(date) = date {
        git["date"] = json!(date.to_string());
    }
    git
}

fn suppression(why: &Why) -> Suppression {
    let kind = match why.by {
        SuppressedBy::Inline => SupressionKind::InSource,
        _ => SupressionKind::External,
    };
    Suppression::builder()
        .kind(kind.to_string())
        .status(SupressionStatus::Accepted.to_string())
        .justification(format!("{}: {}", why.by.as_str(), why.note))
        .build()
}

/// How the scan went. What makes the whole report doubtful is said before single issues, which may have no room.
fn invocation(report: &Report, left_out: usize) -> Invocation {
    let summary = &report.summary;
    let issues: Vec<_> = report
        .issues
        .iter()
        .map(|issue| notification(report, issue))
        .collect();
    let fit = Room::new(room::NOTIFICATIONS).take(issues.iter());
    let mut notifications = Vec::new();
    let mut say = |id, level: NotificationLevel, text: &str| {
        notifications.push(
            Notification::builder()
                .descriptor(reference(id))
                .level(level.to_string())
                .message(text)
                .build(),
        );
    };
    if summary.interrupted {
        let text = "The scan was interrupted: this report is partial.";
        say("interrupted", NotificationLevel::Error, text);
    }
    if left_out > 0 {
        let text = format!(
            "There was no room for {left_out} findings, the least important by severity, confidence and place."
        );
        say("left-out", NotificationLevel::Warning, &text);
    }
    if fit < issues.len() {
        let text = format!("There was no room for {} more issues.", issues.len() - fit);
        say("left-out", NotificationLevel::Warning, &text);
    }
    notifications.extend(issues.into_iter().take(fit));
    Invocation::builder()
        .execution_successful(summary.complete && !summary.interrupted)
        .tool_execution_notifications(notifications)
        .build()
}

fn notification(report: &Report, issue: &Issue) -> Notification {
    let level = match issue.kind {
        IssueKind::Unreadable | IssueKind::Internal => NotificationLevel::Error,
        _ => NotificationLevel::Warning,
    };
    let origin = issue.origin.as_deref();
    let place = origin
        .map(|origin| format!("'{}': ", place::show(origin)))
        .unwrap_or_default();
    let mut notification = Notification::builder()
        .descriptor(reference(issue.kind.as_str()))
        .level(level.to_string())
        .message(&format!("{place}{}.", issue.message.trim_end_matches('.')))
        .build();
    notification.locations = origin.map(|origin| vec![location::content(report, origin, None)]);
    notification
}

fn reference(id: &str) -> ReportingDescriptorReference {
    ReportingDescriptorReference::builder().id(id).build()
}

/// The commit that was scanned, and those whose trees are referred to because it no longer has what they had. The
/// standard demands an address, so without a remote nothing is said.
fn provenance(report: &Report, gone: &BTreeSet<ObjectId>) -> Option<Vec<VersionControlDetails>> {
    let repository = report.summary.repository.as_ref()?;
    let address = uri::of_remote(repository.remote.as_deref()?)?;
    let details = |root: ArtifactLocation, revision: Option<String>| {
        let mut details = VersionControlDetails::builder()
            .repository_uri(&address)
            .mapped_to(root)
            .build();
        details.revision_id = revision;
        details
    };
    let of_commit = |commit: &ObjectId| {
        let base = location::commit_base(*commit);
        let root = ArtifactLocation::builder().uri_base_id(base).build();
        details(root, Some(commit.to_string()))
    };
    let head = details(location::root(), repository.head.clone());
    Some(
        [head]
            .into_iter()
            .chain(gone.iter().map(of_commit))
            .collect(),
    )
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
    }
}
