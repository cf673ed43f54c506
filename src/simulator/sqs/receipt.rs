//! Receipt handles: opaque to whoever gets one, and another at each receipt.

use crate::simulator::error::ApiError;

/// What every receipt handle of AWS begins with.
const BEGINNING: &str = "AQEB";
/// Keeps anybody from reading numbers out of handles.
const MASK: u128 = 0x5a5a_a5a5_3c3c_c3c3_5a5a_a5a5_3c3c_c3c3;

/// Which receipt of which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The number of the message, over all queues.
    pub(super) sequence: u64,
    /// How often the message had been received then, this time included.
    pub(super) count: u32,
}

impl Receipt {
    pub(super) fn handle(self) -> String {
        let number = (u128::from(self.count) << 64) | u128::from(self.sequence);
        format!("{BEGINNING}{:032x}", number ^ MASK)
    }

    pub(super) fn parse(handle: &str) -> Result<Receipt, ApiError> {
        let hex = handle.strip_prefix(BEGINNING).filter(|hex| hex.len() == 32);
        let number = hex.and_then(|hex| u128::from_str_radix(hex, 16).ok());
        let receipt = number.map(|number| number ^ MASK).and_then(|number| {
            let sequence = u64::try_from(number & u128::from(u64::MAX)).ok()?;
            Some(Receipt { sequence, count: u32::try_from(number >> 64).ok()? })
        });
        receipt.ok_or_else(|| {
            let message =
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            ApiError::client("ReceiptHandleIsInvalid", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_names_its_receipt_and_nothing_else_is_one() {
        let receipt = Receipt { sequence: 7, count: 3 };
        assert_eq!(Receipt::parse(&receipt.handle()).unwrap(), receipt);
        let next = Receipt { count: 4, ..receipt };
        assert_ne!(receipt.handle(), next.handle());
        for handle in ["", "AQEB", "AQEBzz", "x", &format!("AQEB{:032x}", 1)] {
            assert_eq!(Receipt::parse(handle).unwrap_err().code, "ReceiptHandleIsInvalid");
        }
    }
}
