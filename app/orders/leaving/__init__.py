"""Orders of people and units that go away."""
