"""Who answers what: one router a subject. ``edge`` says in which order they are asked."""
