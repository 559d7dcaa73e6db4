"""Shared by all tests: Hypothesis settings that don't depend on how fast a machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "outreach",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=False,
)
settings.load_profile("outreach")
