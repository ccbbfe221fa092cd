//! The pages of the desk's door.
