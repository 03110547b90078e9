# The fields of a container that hold probes.
[
  "livenessProbe"
  "readinessProbe"
  "startupProbe"
]
