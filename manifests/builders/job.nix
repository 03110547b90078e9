/**
  Returns a Job: Pods that run until enough of them have succeeded. Kubernetes makes the selector of a Job.
*/
settings:
let
  inherit (import ../objects/choice.nix) choices;
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../pods/template.nix settings) split;
  inherit (import ../pods/replicas.nix) checkRestart;

  workload = split {
    kind = "job";
    checkName = checkSubdomain;
    fields = import ../pods/job-fields.nix;
  };
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations; the fields of JobSpec, including
# `activeDeadlineSeconds`; and the fields of PodSpec, where the default of `restartPolicy` is Never
args:
let
  inherit (workload args)
    builder
    metadata
    template
    fields
    ;
in
if args ? selector then
  throw "${builder}: selector isn't an argument, since Kubernetes makes one for each Job"
else
  {
    apiVersion = "batch/v1";
    kind = "Job";
    inherit metadata;
    spec =
      choices builder {
        completionMode = [
          "NonIndexed"
          "Indexed"
        ];
        podReplacementPolicy = [
          "TerminatingOrFailed"
          "Failed"
        ];
      } fields
      // {
        template = checkRestart builder [
          "Never"
          "OnFailure"
        ] template;
      };
  }
