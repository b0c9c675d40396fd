//! A sealed link from a mail: what was not sealed does not open, and what was sealed opens only unchanged.
#![no_main]

use activities::approval::{Link, SealingKey, open, seal};
use activities::shape::Role;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let key = SealingKey::new([7; 32]);
    // Nobody who lacks the key writes a link that opens.
    assert!(open(std::slice::from_ref(&key), text, 0).is_err());
    let link = Link {
        token: text.chars().take(64).collect(),
        execution: text.to_owned(),
        round: 1,
        digest: String::new(),
        role: Role::OnCall,
        expires_at: 10,
    };
    let Ok(sealed) = seal(&key, [3; 24], &link) else { return };
    assert_eq!(open(std::slice::from_ref(&key), &sealed, 0).as_ref(), Ok(&link));
    assert!(open(&[key], &sealed, 11).is_err());
    assert!(open(&[SealingKey::new([8; 32])], &sealed, 0).is_err());
});
