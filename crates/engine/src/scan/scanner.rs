//! Putting a scanner together.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::Session;
use crate::policy::Policy;
use crate::prefilter::{Fast, Prefilter, SIGHT};
use crate::rule::RuleSet;
use crate::view::Wardrobe;
use crate::{Budget, Decoder, Dress, Fingerprinter, Sink, Stats};

/// Everything about a scan that does not change while it runs. Shared by its threads.
pub struct Scanner {
    pub(super) rules: Arc<RuleSet>,
    pub(super) prefilter: Box<dyn Prefilter>,
    pub(super) decoders: Vec<Box<dyn Decoder>>,
    pub(super) wardrobe: Wardrobe,
    pub(super) policy: Policy,
    pub(super) fingerprinter: Arc<Fingerprinter>,
    pub(super) budget: Budget,
    /// The length of the longest literal of a rule, once that was asked.
    longest: OnceLock<usize>,
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner")
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}

/// Puts a [`Scanner`] together.
#[derive(Default)]
pub struct ScannerBuilder {
    decoders: Vec<Box<dyn Decoder>>,
    dresses: Vec<Box<dyn Dress>>,
    policy: Policy,
    fingerprinter: Fingerprinter,
    budget: Budget,
}

impl std::fmt::Debug for ScannerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScannerBuilder").finish_non_exhaustive()
    }
}

impl ScannerBuilder {
    /// No decoders, no dresses, the default policy, the public fingerprint key.
    pub fn new() -> Self {
        Self::default()
    }

    /// The decoders to ask, in this order.
    pub fn decoders(&mut self, decoders: Vec<Box<dyn Decoder>>) -> &mut Self {
        self.decoders = decoders;
        self
    }

    /// The dresses that are taken off, the first that fits.
    ///
    /// # Panics
    ///
    /// [`ScannerBuilder::build`] does with more than 16 of them.
    pub fn dresses(&mut self, dresses: Vec<Box<dyn Dress>>) -> &mut Self {
        self.dresses = dresses;
        self
    }

    /// What is reported and how it is ranked.
    pub fn policy(&mut self, policy: Policy) -> &mut Self {
        self.policy = policy;
        self
    }

    /// The key of fingerprints; `None` for the public one.
    pub fn fingerprint_key(&mut self, key: Option<&[u8]>) -> &mut Self {
        self.fingerprinter = Fingerprinter::new(key);
        self
    }

    /// What decoding one outermost blob may cost.
    pub fn budget(&mut self, budget: Budget) -> &mut Self {
        self.budget = budget;
        self
    }

    /// A scanner for these rules. Takes what was set; the builder is as new afterwards.
    pub fn build(&mut self, rules: Arc<RuleSet>) -> Scanner {
        self.build_with::<Fast>(rules)
    }

    /// As [`ScannerBuilder::build`], with a prefilter of choice: the plain one is the witness for the fast one.
    pub fn build_with<P: Prefilter + 'static>(&mut self, rules: Arc<RuleSet>) -> Scanner {
        let Self {
            decoders,
            dresses,
            policy,
            fingerprinter,
            budget,
        } = std::mem::take(self);
        let prefilter = Box::new(P::new(&rules));
        Scanner {
            rules,
            prefilter,
            decoders,
            wardrobe: Wardrobe::new(dresses),
            policy,
            fingerprinter: Arc::new(fingerprinter),
            budget,
            longest: OnceLock::new(),
        }
    }
}

impl Scanner {
    /// The rules.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Whether values are looked for that no operator joins to a name, such as `acme token v`: only where the policy may
    /// report what is of low confidence.
    pub fn looks_beside(&self) -> bool {
        self.policy.reports_low()
    }

    /// Whether no literal of a rule is longer than what the prefilter is sure to see of a derived content.
    pub(super) fn sees_literals(&self) -> bool {
        let lengths = || self.rules.literals().iter().map(|l| l.text.len());
        *self.longest.get_or_init(|| lengths().max().unwrap_or(0)) <= SIGHT
    }

    /// Names the key of the fingerprints: those of another key cannot be compared with them.
    pub fn key_id(&self) -> String {
        self.fingerprinter.key_id()
    }

    /// One run that reports to `sink` and stops when `interrupt` is set.
    pub fn session<'s>(&'s self, sink: &'s dyn Sink, interrupt: &'s AtomicBool) -> Session<'s> {
        Session {
            scanner: self,
            sink,
            interrupt,
            explainer: None,
            seen: None,
            stats: Stats::default(),
        }
    }
}
