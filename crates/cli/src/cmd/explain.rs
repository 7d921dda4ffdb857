//! `keysieve scan --explain FILE:LINE`.

use std::io::{self, Write as _};

use keysieve_engine::prefilter::Oracle;
use keysieve_engine::scan::Explainer;

use crate::args::{LineOf, ScanArgs};
use crate::collect::Collector;
use crate::exit::{Exit, usage};
use crate::input::{self, Place, WalkOptions};
use crate::interrupt;
use crate::report::{Explanation, Reveal};
use crate::settings::Settings;

/// Scans the file as ever, but with the plain prefilter: it shows also those literals that the fast one knows to be in
/// vain.
pub(crate) fn run(args: &ScanArgs, of: &LineOf) -> anyhow::Result<Exit> {
    let file = of.file.display();
    if of.file.is_dir() {
        return Err(usage(format!(
            "{file} is a folder: `--explain` asks about a line of a file"
        )));
    }
    let (select, limits) = (&args.common.select, &args.common.limits);
    let paths = [of.file.clone()];
    let place = Place::of(&paths)?;
    let settings = Settings::resolve(select, &place.root)?;
    let rules = settings.rules(select)?;
    let scanner = settings
        .builder(select, limits)?
        .build_with::<Oracle>(rules);
    let interrupt = interrupt::flag()?;
    let walk = WalkOptions {
        threads: 1,
        honour_ignore_files: !args.no_ignore,
        max_file_size: settings.max_file_size(limits),
    };
    let source = input::source(&paths, &place.root, &walk, &interrupt)?;

    let (collector, explainer) = (Collector::default(), Explainer::of_line(of.line));
    let session = scanner
        .session(&collector, &interrupt)
        .explained(&explainer);
    source.walk(&session)?;
    let counts = session.stats().counts();
    let (_, issues) = collector.into_parts();
    let (considered, left_out) = explainer.into_considered();
    let explanation = Explanation {
        rules: scanner.rules(),
        considered: &considered,
        left_out,
        reveal: if args.common.output.reveal {
            Reveal::Plain
        } else {
            Reveal::Masked
        },
    };

    let out = &mut io::BufWriter::new(io::stdout().lock());
    explanation.write(out)?;
    for (skip, _) in counts.skipped.iter().filter(|(_, n)| *n > 0) {
        writeln!(out, "{file} is not scanned: {}", skip.as_str())?;
    }
    for issue in &issues {
        writeln!(out, "not all could be scanned: {}", issue.message)?;
    }
    if considered.is_empty() {
        writeln!(
            out,
            "no literal of a rule stands in line {} of {file}",
            of.line
        )?;
    }
    out.flush()?;
    Ok(match (explanation.has_findings(), issues.is_empty()) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Clean,
        (false, false) => Exit::Incomplete,
    })
}
