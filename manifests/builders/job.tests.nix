# Cases of job.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = job {
        name = "migrate";
        containers.migrate.image = "web:1";
      };
      expected = {
        apiVersion = "batch/v1";
        kind = "Job";
        metadata = {
          labels."app.kubernetes.io/name" = "migrate";
          name = "migrate";
        };
        spec.template = {
          metadata.labels."app.kubernetes.io/name" = "migrate";
          spec = {
            containers = [
              {
                image = "web:1";
                imagePullPolicy = "IfNotPresent";
                name = "migrate";
              }
            ];
            restartPolicy = "Never";
          };
        };
      };
    };
    "all that it has" = {
      expr = job {
        name = "migrate";
        activeDeadlineSeconds = 600;
        backoffLimit = 2;
        completionMode = "Indexed";
        completions = 4;
        parallelism = 2;
        suspend = true;
        ttlSecondsAfterFinished = 3600;
        podReplacementPolicy = "Failed";
        restartPolicy = "OnFailure";
        podLabels.colour = "blue";
        containers.migrate = {
          image = "web:1";
          args = [ "migrate" ];
        };
      };
      expected = {
        apiVersion = "batch/v1";
        kind = "Job";
        metadata = {
          labels."app.kubernetes.io/name" = "migrate";
          name = "migrate";
        };
        spec = {
          activeDeadlineSeconds = 600;
          backoffLimit = 2;
          completionMode = "Indexed";
          completions = 4;
          parallelism = 2;
          podReplacementPolicy = "Failed";
          suspend = true;
          template = {
            metadata.labels = {
              "app.kubernetes.io/name" = "migrate";
              colour = "blue";
            };
            spec = {
              containers = [
                {
                  args = [ "migrate" ];
                  image = "web:1";
                  imagePullPolicy = "IfNotPresent";
                  name = "migrate";
                }
              ];
              restartPolicy = "OnFailure";
            };
          };
          ttlSecondsAfterFinished = 3600;
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = job { containers.migrate.image = "web:1"; };
      message = "job: name is missing";
    };
    "a selector" = {
      expr = job {
        name = "migrate";
        selector.app = "x";
        containers.migrate.image = "web:1";
      };
      message = "job \"migrate\": selector isn't an argument, since Kubernetes makes one for each Job";
    };
    "a restart policy that Jobs haven't" = {
      expr = job {
        name = "migrate";
        restartPolicy = "Always";
        containers.migrate.image = "web:1";
      };
      message = "job \"migrate\": restartPolicy is \"Always\", expected \"Never\" or \"OnFailure\"";
    };
    "a mode that there isn't" = {
      expr = job {
        name = "migrate";
        completionMode = "All";
        containers.migrate.image = "web:1";
      };
      message = "job \"migrate\": completionMode is \"All\", expected \"NonIndexed\" or \"Indexed\"";
    };
    "a template" = {
      expr = job {
        name = "migrate";
        template = { };
      };
      message =
        "job \"migrate\": template isn't an argument, "
        + "expected name, namespace, labels, annotations, "
        + "the fields of the workload and those of PodSpec";
    };
  };
}
