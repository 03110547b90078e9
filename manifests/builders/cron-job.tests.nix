# Cases of cronJob.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = cronJob {
        name = "backup";
        schedule = "@daily";
        containers.backup.image = "db:1";
      };
      expected = {
        apiVersion = "batch/v1";
        kind = "CronJob";
        metadata = {
          labels."app.kubernetes.io/name" = "backup";
          name = "backup";
        };
        spec = {
          jobTemplate = {
            metadata.labels."app.kubernetes.io/name" = "backup";
            spec.template = {
              metadata.labels."app.kubernetes.io/name" = "backup";
              spec = {
                containers = [
                  {
                    image = "db:1";
                    imagePullPolicy = "IfNotPresent";
                    name = "backup";
                  }
                ];
                restartPolicy = "Never";
              };
            };
          };
          schedule = "@daily";
        };
      };
    };
    "all that it has" = {
      expr = cronJob {
        name = "backup";
        schedule = "*/10 0-6 1,15 JAN-mar MON";
        timeZone = "Europe/Berlin";
        concurrencyPolicy = "Forbid";
        suspend = true;
        startingDeadlineSeconds = 60;
        successfulJobsHistoryLimit = 1;
        failedJobsHistoryLimit = 2;
        backoffLimit = 1;
        activeDeadlineSeconds = 300;
        ttlSecondsAfterFinished = 60;
        restartPolicy = "OnFailure";
        containers.backup.image = "db:1";
      };
      expected = {
        apiVersion = "batch/v1";
        kind = "CronJob";
        metadata = {
          labels."app.kubernetes.io/name" = "backup";
          name = "backup";
        };
        spec = {
          concurrencyPolicy = "Forbid";
          failedJobsHistoryLimit = 2;
          jobTemplate = {
            metadata.labels."app.kubernetes.io/name" = "backup";
            spec = {
              activeDeadlineSeconds = 300;
              backoffLimit = 1;
              template = {
                metadata.labels."app.kubernetes.io/name" = "backup";
                spec = {
                  containers = [
                    {
                      image = "db:1";
                      imagePullPolicy = "IfNotPresent";
                      name = "backup";
                    }
                  ];
                  restartPolicy = "OnFailure";
                };
              };
              ttlSecondsAfterFinished = 60;
            };
          };
          schedule = "*/10 0-6 1,15 JAN-mar MON";
          startingDeadlineSeconds = 60;
          successfulJobsHistoryLimit = 1;
          suspend = true;
          timeZone = "Europe/Berlin";
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = cronJob {
        schedule = "@daily";
        containers.backup.image = "db:1";
      };
      message = "cronJob: name is missing";
    };
    "no schedule" = {
      expr = cronJob {
        name = "backup";
        containers.backup.image = "db:1";
      };
      message = "cronJob \"backup\": schedule is missing";
    };
    "a schedule of six fields" = {
      expr = cronJob {
        name = "backup";
        schedule = "0 * * * * *";
        containers.backup.image = "db:1";
      };
      message =
        "cronJob \"backup\": schedule is \"0 * * * * *\", "
        + "expected five fields of cron, such as \"*/10 * * * *\", or \"@daily\"";
    };
    "a schedule with its time zone" = {
      expr = cronJob {
        name = "backup";
        schedule = "TZ=UTC * * * * *";
        containers.backup.image = "db:1";
      };
      message =
        "cronJob \"backup\": schedule is \"TZ=UTC * * * * *\", "
        + "expected five fields of cron, such as \"*/10 * * * *\", or \"@daily\"";
    };
    "a schedule in words" = {
      expr = cronJob {
        name = "backup";
        schedule = "every day at five please";
        containers.backup.image = "db:1";
      };
      message =
        "cronJob \"backup\": schedule is \"every day at five please\", "
        + "expected five fields of cron, such as \"*/10 * * * *\", or \"@daily\"";
    };
    "a name of 53 characters" = {
      expr = cronJob {
        name = (builtins.concatStringsSep "" (builtins.genList (_: "a") 53));
        schedule = "@daily";
        containers.backup.image = "db:1";
      };
      message =
        "cronJob \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": "
        + "name is \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
        + "expected at most 52 characters, since the names of its Jobs are longer by 11";
    };
    "a policy that there isn't" = {
      expr = cronJob {
        name = "backup";
        schedule = "@daily";
        concurrencyPolicy = "Wait";
        containers.backup.image = "db:1";
      };
      message = "cronJob \"backup\": concurrencyPolicy is \"Wait\", expected \"Allow\" or \"Forbid\" or \"Replace\"";
    };
    "a restart policy that Jobs haven't" = {
      expr = cronJob {
        name = "backup";
        schedule = "@daily";
        restartPolicy = "Always";
        containers.backup.image = "db:1";
      };
      message = "cronJob \"backup\": restartPolicy is \"Always\", expected \"Never\" or \"OnFailure\"";
    };
    "a selector" = {
      expr = cronJob {
        name = "backup";
        schedule = "@daily";
        selector.app = "x";
        containers.backup.image = "db:1";
      };
      message = "cronJob \"backup\": selector isn't an argument, since Kubernetes makes one for each Job";
    };
  };
}
