//! How many candidates the model may look at before a case counts as too dear.

#[derive(Debug, Clone)]
pub(crate) struct Effort {
    days: u32,
    times: u32,
}

impl Effort {
    pub(crate) fn new(days: u32, times: u32) -> Self {
        Self { days, times }
    }

    pub(crate) fn unlimited() -> Self {
        Self::new(u32::MAX, u32::MAX)
    }

    pub(crate) fn spend_day(&mut self) -> Option<()> {
        self.days = self.days.checked_sub(1)?;
        Some(())
    }

    pub(crate) fn spend_time(&mut self) -> Option<()> {
        self.times = self.times.checked_sub(1)?;
        Some(())
    }
}
