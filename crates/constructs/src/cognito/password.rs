//! What a password must be like.

use resources::cognito::user_pool;

/// What a password must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    pub(super) minimum_length: u8,
    pub(super) temporary_days: u16,
}

impl Default for PasswordPolicy {
    /// What Cognito asks of itself: 8 characters.
    fn default() -> Self {
        Self::strong(8)
    }
}

impl PasswordPolicy {
    /// Asks for at least so many characters (6 to 99), with lowercase and uppercase letters, digits and symbols among them.
    pub const fn strong(minimum_length: u8) -> Self {
        Self {
            minimum_length,
            temporary_days: 7,
        }
    }

    /// Limits the temporary password of an invitation to so many days; 7 if it is not called.
    #[must_use]
    pub const fn temporary_for_days(mut self, days: u16) -> Self {
        self.temporary_days = days;
        self
    }

    pub(super) fn properties(self) -> user_pool::PasswordPolicy {
        user_pool::PasswordPolicy::new()
            .minimum_length(self.minimum_length)
            .require_lowercase(true)
            .require_uppercase(true)
            .require_numbers(true)
            .require_symbols(true)
            .temporary_password_validity_days(self.temporary_days)
    }
}
