//! A number for some classes of failure; its users define the unit.

use crate::model::{Class, ConnectionFault, OutputFault, TimeoutKind};

/// The classes, each once; what a class carries does not matter here.
pub const CLASSES: [Class; 17] = [
    Class::Authentication,
    Class::Permission,
    Class::NotFound,
    Class::BadRequest,
    Class::Unsupported,
    Class::ContextWindow,
    Class::ContentPolicy,
    Class::RateLimit,
    Class::Quota,
    Class::Overloaded,
    Class::ServerError,
    Class::Timeout(TimeoutKind::Total),
    Class::Connection(ConnectionFault::Broken),
    Class::Malformed,
    Class::Truncated,
    Class::InvalidOutput(OutputFault::Rejected),
    Class::Budget,
];

/// Numbers by class of failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerClass {
    /// Parallel to [`CLASSES`].
    numbers: [Option<u32>; CLASSES.len()],
}

impl PerClass {
    /// The number of `class`, if it has one.
    #[must_use]
    pub fn get(&self, class: Class) -> Option<u32> {
        self.numbers[position(class)?]
    }

    /// The largest number, if there is one.
    #[must_use]
    pub fn largest(&self) -> Option<u32> {
        self.numbers.into_iter().flatten().max()
    }

    /// Sets the number of `class`; returns the one that it had.
    pub fn set(&mut self, class: Class, number: u32) -> Option<u32> {
        self.numbers[position(class)?].replace(number)
    }
}

fn position(class: Class) -> Option<usize> {
    CLASSES.iter().position(|known| known.as_str() == class.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_place() {
        // A new class does not compile here, as a reminder that it needs a row above.
        for class in CLASSES {
            match class {
                Class::Authentication
                | Class::Permission
                | Class::NotFound
                | Class::BadRequest
                | Class::Unsupported
                | Class::ContextWindow
                | Class::ContentPolicy
                | Class::RateLimit
                | Class::Quota
                | Class::Overloaded
                | Class::ServerError
                | Class::Timeout(_)
                | Class::Connection(_)
                | Class::Malformed
                | Class::Truncated
                | Class::InvalidOutput(_)
                | Class::Budget => {}
            }
            let mut numbers = PerClass::default();
            numbers.set(class, 7);
            let found = CLASSES.iter().filter(|other| numbers.get(**other) == Some(7)).count();
            assert_eq!(found, 1, "{class}");
        }
    }

    #[test]
    fn what_a_class_carries_does_not_matter() {
        let mut numbers = PerClass::default();
        numbers.set(Class::Timeout(TimeoutKind::Idle), 3);
        assert_eq!(numbers.get(Class::Timeout(TimeoutKind::FirstToken)), Some(3));
        assert_eq!(numbers.get(Class::ServerError), None);
    }
}
