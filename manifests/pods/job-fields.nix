# The fields of a Job's spec that aren't its Pods': of `activeDeadlineSeconds`, which both have, it is the Job's.
[
  "activeDeadlineSeconds"
  "backoffLimit"
  "backoffLimitPerIndex"
  "completionMode"
  "completions"
  "managedBy"
  "maxFailedIndexes"
  "parallelism"
  "podFailurePolicy"
  "podReplacementPolicy"
  "successPolicy"
  "suspend"
  "ttlSecondsAfterFinished"
]
