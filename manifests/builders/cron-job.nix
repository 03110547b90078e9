/**
  Returns a CronJob, which makes a Job at each time of a schedule.
*/
settings:
let
  inherit (builtins)
    elem
    filter
    intersectAttrs
    isString
    listToAttrs
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/choice.nix) choices;
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../pods/template.nix settings) split;
  inherit (import ../pods/replicas.nix) checkRestart;

  # `suspend` belongs to the CronJob here, and not to its Jobs.
  own = [
    "concurrencyPolicy"
    "failedJobsHistoryLimit"
    "schedule"
    "startingDeadlineSeconds"
    "successfulJobsHistoryLimit"
    "suspend"
    "timeZone"
  ];
  jobFields = filter (field: !elem field own) (import ../pods/job-fields.nix);

  workload = split {
    kind = "cronJob";
    # The name of a Job is this name, "-" and ten digits (ValidateCronJobCreate).
    checkName =
      builder: field: name:
      if isString name && builtins.stringLength name <= 52 then
        checkSubdomain builder field name
      else
        refuse builder field name "at most 52 characters, since the names of its Jobs are longer by 11";
    fields = own ++ jobFields;
  };

  # Five fields, or one of the words that cron has for them. Kubernetes checks which numbers each field may hold.
  space = "[[:space:]]";
  named = "[0-9A-Za-z*,/?-]+";
  fiveFields = "${space}*([0-9*,/?-]+${space}+){3}${named}${space}+${named}${space}*";
  words = "@(yearly|annually|monthly|weekly|daily|midnight|hourly|every [^[:space:]]+)";
  isSchedule = text: isString text && match "${fiveFields}|${words}" text != null;
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations; the fields of CronJobSpec and of JobSpec;
# and the fields of PodSpec, where the default of `restartPolicy` is Never
args:
let
  inherit (workload args)
    builder
    metadata
    template
    fields
    ;
  schedule = args.schedule or (throw "${builder}: schedule is missing");
  ofJob = listToAttrs (
    map (name: {
      inherit name;
      value = null;
    }) jobFields
  );
in
if args ? selector then
  throw "${builder}: selector isn't an argument, since Kubernetes makes one for each Job"
else
  {
    apiVersion = "batch/v1";
    kind = "CronJob";
    inherit metadata;
    spec =
      choices builder {
        concurrencyPolicy = [
          "Allow"
          "Forbid"
          "Replace"
        ];
      } (removeAttrs fields jobFields)
      // {
        schedule =
          if isSchedule schedule then
            schedule
          else
            refuse builder "schedule" schedule ''five fields of cron, such as "*/10 * * * *", or "@daily"'';
        jobTemplate = {
          metadata = { inherit (template.metadata) labels; };
          spec = intersectAttrs ofJob fields // {
            template = checkRestart builder [
              "Never"
              "OnFailure"
            ] template;
          };
        };
      };
  }
