//! Events as Detection Findings (class 2004) of the Open Cybersecurity Schema Framework, version 1.4.

use jiff::Timestamp;
use serde::Serialize;

use super::events::{Kind, Line};

/// One finding of the framework. The event itself is its `unmapped`, which is where the framework wants what it has no
/// attribute for.
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    class_uid: u16,
    category_uid: u8,
    type_uid: u32,
    activity_id: u8,
    /// Milliseconds since 1970.
    time: i64,
    severity_id: u8,
    action_id: u8,
    disposition_id: u8,
    is_alert: bool,
    message: &'static str,
    metadata: Metadata,
    finding_info: Info<'a>,
    unmapped: &'a Line<'a>,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Info<'a> {
    uid: String,
    title: &'a str,
}

/// Activities of the class.
const CREATE: u8 = 1;
const UPDATE: u8 = 2;
const CLOSE: u8 = 3;
/// Actions and dispositions of any class.
const ALLOWED: u8 = 1;
const DENIED_OR_BLOCKED: u8 = 2;
const UNKNOWN: u8 = 0;

impl<'a> Finding<'a> {
    pub(super) fn new(line: &'a Line<'a>, now: Timestamp) -> Self {
        let event = line.event;
        let (activity_id, outcome) = match event.kind {
            Kind::Detection => (CREATE, UNKNOWN),
            Kind::Block => (UPDATE, DENIED_OR_BLOCKED),
            Kind::Use | Kind::Approval => (UPDATE, ALLOWED),
            Kind::Expiry | Kind::Revocation => (UPDATE, UNKNOWN),
            Kind::Repair => (CLOSE, UNKNOWN),
        };
        let severity_id = match event.severity {
            Some("low") => 2,
            Some("medium") => 3,
            Some("high") => 4,
            Some("critical") => 5,
            _ => 1,
        };
        let uid = event.fingerprint.as_ref().or(event.exception.as_ref());
        Self {
            class_uid: 2004,
            category_uid: 2,
            type_uid: 200_400 + u32::from(activity_id),
            activity_id,
            time: now.as_millisecond(),
            severity_id,
            action_id: outcome,
            disposition_id: outcome,
            is_alert: matches!(event.kind, Kind::Detection | Kind::Block),
            message: event.kind.as_str(),
            metadata: Metadata {
                version: "1.4.0",
                product: Product {
                    name: "keysieve",
                    vendor_name: "keysieve",
                    version: env!("CARGO_PKG_VERSION"),
                },
            },
            finding_info: Info {
                uid: uid.cloned().unwrap_or_else(|| line.seq.to_string()),
                title: event.rule.as_deref().unwrap_or(event.kind.as_str()),
            },
            unmapped: line,
        }
    }
}
