//! Places in the terms of SARIF.

use std::collections::{BTreeMap, BTreeSet};

use keysieve_engine::{self as engine, Finding, ObjectId, Origin};
use serde_sarif::sarif::{
    ArtifactContent, ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region,
};

use super::super::{Report, place, uri};

/// Names the directory that references are relative to: the root of the repository, or else that of the scan.
pub(super) const ROOT: &str = "%SRCROOT%";
/// The id by which a message links to the other half of a credential.
pub(super) const PAIR_ID: u64 = 1;

/// Where a finding stands. A content that was unpacked has no lines of its own in the file: its findings stand at the
/// beginning of the file, for services demand a region, with the way inside as logical location.
pub(super) fn primary(report: &Report, finding: &Finding) -> Location {
    if !place::is_outside(&finding.origin) {
        let start = Region::builder()
            .start_line(1)
            .start_column(1)
            .end_line(1)
            .end_column(1)
            .build();
        return content(report, &finding.origin, Some(start));
    }
    let mut physical = PhysicalLocation::builder()
        .artifact_location(artifact(report, &finding.origin))
        .region(region(&finding.location))
        .build();
    if !finding.context.line.is_empty() {
        let whole_lines = Region::builder()
            .start_line(int(finding.location.start.line))
            .end_line(int(finding.location.end.line))
            .snippet(
                ArtifactContent::builder()
                    .text(&finding.context.line)
                    .build(),
            )
            .build();
        physical.context_region = Some(whole_lines);
    }
    Location::builder().physical_location(physical).build()
}

/// The other half of a credential, if it has a place in the file.
pub(super) fn pair(report: &Report, finding: &Finding) -> Option<Location> {
    let pair = finding
        .pair
        .as_ref()
        .filter(|_| place::is_outside(&finding.origin))?;
    let physical = PhysicalLocation::builder()
        .artifact_location(artifact(report, &finding.origin))
        .region(region(&pair.location))
        .build();
    let name = &report.rules.rule(pair.rule).name;
    Some(
        Location::builder()
            .id(int(PAIR_ID))
            .message(&format!("The other half: {name}."))
            .physical_location(physical)
            .build(),
    )
}

/// A content as a whole: its file, and the way inside.
pub(super) fn content(report: &Report, origin: &Origin, region: Option<Region>) -> Location {
    let mut physical = PhysicalLocation::builder()
        .artifact_location(artifact(report, origin))
        .build();
    physical.region = region;
    let mut location = Location::builder().physical_location(physical).build();
    if !place::is_outside(origin) {
        let inner = LogicalLocation::builder()
            .kind("resource")
            .fully_qualified_name(place::show(origin))
            .build();
        location.logical_locations = Some(vec![inner]);
    }
    location
}

/// What [`ROOT`] is, and the trees of these commits. They have no URI: the reader knows where the repository is.
pub(super) fn bases(commits: &BTreeSet<ObjectId>) -> BTreeMap<String, ArtifactLocation> {
    let base = |text: &str| ArtifactLocation::builder().description(text).build();
    let root = "The root of the repository, or of the scan where there is no repository.";
    let of_commit = |commit: &ObjectId| {
        let text = format!("The root of the repository as commit {commit} has it.");
        (commit_base(*commit), base(&text))
    };
    let commits = commits.iter().map(of_commit);
    commits.chain([(ROOT.to_owned(), base(root))]).collect()
}

/// Names the tree of a commit, which references can be relative to.
pub(super) fn commit_base(commit: ObjectId) -> String {
    format!("COMMIT-{}", place::short(commit))
}

/// The root itself.
pub(super) fn root() -> ArtifactLocation {
    ArtifactLocation::builder().uri_base_id(ROOT).build()
}

/// The outermost file. Standard input and messages have no reference, and services demand one: they get a name.
fn artifact(report: &Report, origin: &Origin) -> ArtifactLocation {
    let Some(path) = origin.root_path() else {
        return ArtifactLocation::builder()
            .uri(uri::stand_in(origin))
            .build();
    };
    match uri::of_path(path, &report.summary) {
        absolute if absolute.starts_with("file:") => {
            ArtifactLocation::builder().uri(absolute).build()
        }
        relative => ArtifactLocation {
            uri: Some(relative),
            uri_base_id: report
                .past
                .gone(origin)
                .map(commit_base)
                .or(root().uri_base_id),
            ..root()
        },
    }
}

fn region(location: &engine::Location) -> Region {
    Region::builder()
        .start_line(int(location.start.line))
        .start_column(int(location.start.utf16))
        .end_line(int(location.end.line))
        .end_column(int(location.end.utf16))
        .build()
}

/// Lines and columns are far below 2^63.
fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
