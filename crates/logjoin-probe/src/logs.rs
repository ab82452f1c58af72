//! What the logs add to a probe: where its requests stand, and why they failed as the proxies themselves recorded it.

use crate::report::{LogsStep, Report};
use crate::restart;

impl Report {
    /// Adds what the logs say. Where the analysis of the probe's own failed requests is surer than the probe, the verdict
    /// becomes that of the analysis: a proxy's error line names what a probe from outside can only guess.
    pub fn add_logs(&mut self, logs: LogsStep) {
        let unknown = logjoin::CauseId::Unknown;
        let surest = logs
            .failures
            .iter()
            .filter(|f| f.cause != unknown)
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence));
        if let Some(f) = surest
            && self.verdict.outcome == "fault"
        {
            let says = format!(
                "the logs say {} ({:.2}): {}:{}",
                f.cause, f.confidence, f.access.file, f.access.line
            );
            if Some(f.cause) != self.verdict.cause && f.confidence > self.verdict.confidence {
                self.verdict.alternatives.retain(|c| *c != f.cause);
                self.verdict.alternatives.splice(0..0, self.verdict.cause);
                self.verdict.cause = Some(f.cause);
                self.verdict.detail = None;
                self.verdict.confidence = f.confidence;
                self.verdict.rule = "logs".to_owned();
                self.verdict.next_steps =
                    logjoin::causes::page(f.cause).checks.iter().take(3).map(|c| (*c).to_owned()).collect();
                self.restart = restart::order(&self.verdict, &self.via, &self.direct);
            }
            self.verdict.evidence.push(says);
        }
        self.logs = Some(logs);
    }
}
