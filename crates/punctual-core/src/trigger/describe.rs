use super::Trigger;

pub(super) fn describe(trigger: &Trigger) -> String {
    trigger.to_string()
}
