# The fields of a Job's spec. Both a Job and a Pod have `activeDeadlineSeconds`; here it belongs to the Job.
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
