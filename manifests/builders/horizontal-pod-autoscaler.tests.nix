# Cases of horizontalPodAutoscaler.
{ manifests, ... }:
with manifests;
let
  web = deployment {
    name = "web";
    namespace = "prod";
    containers.web = {
      image = "web:1";
      ports.http = 8080;
    };
  };
  sized = deployment {
    name = "web";
    namespace = "prod";
    containers.web = {
      image = "web:1";
      resources = {
        requests.cpu = "100m";
        limits.memory = "64Mi";
      };
    };
  };
in
{
  gives = {
    "the least" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = {
          kind = "Deployment";
          name = "web";
        };
        maxReplicas = 3;
      };
      expected = {
        apiVersion = "autoscaling/v2";
        kind = "HorizontalPodAutoscaler";
        metadata.name = "web";
        spec = {
          maxReplicas = 3;
          minReplicas = 1;
          scaleTargetRef = {
            apiVersion = "apps/v1";
            kind = "Deployment";
            name = "web";
          };
        };
      };
    };
    "all that it has" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = sized;
        minReplicas = 2;
        maxReplicas = 5;
        cpu = 80;
        memory = 70;
        metrics = [
          {
            type = "Pods";
            pods = {
              metric.name = "hits";
              target = {
                type = "AverageValue";
                averageValue = "10";
              };
            };
          }
        ];
        behavior.scaleDown.stabilizationWindowSeconds = 60;
      };
      expected = {
        apiVersion = "autoscaling/v2";
        kind = "HorizontalPodAutoscaler";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        spec = {
          behavior.scaleDown.stabilizationWindowSeconds = 60;
          maxReplicas = 5;
          metrics = [
            {
              resource = {
                name = "cpu";
                target = {
                  averageUtilization = 80;
                  type = "Utilization";
                };
              };
              type = "Resource";
            }
            {
              resource = {
                name = "memory";
                target = {
                  averageUtilization = 70;
                  type = "Utilization";
                };
              };
              type = "Resource";
            }
            {
              type = "Pods";
              pods = {
                metric.name = "hits";
                target = {
                  type = "AverageValue";
                  averageValue = "10";
                };
              };
            }
          ];
          minReplicas = 2;
          scaleTargetRef = {
            apiVersion = "apps/v1";
            kind = "Deployment";
            name = "web";
          };
        };
      };
    };
    "something else that scales" = {
      expr =
        (horizontalPodAutoscaler {
          name = "web";
          for = {
            apiVersion = "example.org/v1";
            kind = "Widget";
            name = "w";
          };
          maxReplicas = 3;
        }).spec.scaleTargetRef;
      expected = {
        apiVersion = "example.org/v1";
        kind = "Widget";
        name = "w";
      };
    };
  };
  refuses = {
    "no name" = {
      expr = horizontalPodAutoscaler {
        for = sized;
        maxReplicas = 2;
      };
      message = "horizontalPodAutoscaler: name is missing";
    };
    "nothing that it scales" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        maxReplicas = 2;
      };
      message = "horizontalPodAutoscaler \"web\": for is missing";
    };
    "no most" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = sized;
      };
      message = "horizontalPodAutoscaler \"web\": maxReplicas is missing";
    };
    "for a name" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = "web";
        maxReplicas = 2;
      };
      message =
        "horizontalPodAutoscaler \"web\": for is \"web\", "
        + "expected a workload that this library made, or { kind = \"Deployment\"; name = \"web\"; }";
    };
    "for a DaemonSet" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = daemonSet {
          name = "a";
          containers.a.image = "b";
        };
        maxReplicas = 2;
      };
      message =
        "horizontalPodAutoscaler \"web\": for is a DaemonSet, which has no scale, "
        + "expected a Deployment or a StatefulSet";
    };
    "a most below the fewest" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = sized;
        minReplicas = 3;
        maxReplicas = 2;
      };
      message = "horizontalPodAutoscaler \"web\": maxReplicas is 2, expected a number from minReplicas (3) on";
    };
    "a fewest below 0" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = sized;
        minReplicas = -1;
        maxReplicas = 2;
      };
      message = "horizontalPodAutoscaler \"web\": minReplicas is -1, expected a number from 0 on";
    };
    "a share in a string" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = sized;
        maxReplicas = 2;
        cpu = "80%";
      };
      message = "horizontalPodAutoscaler \"web\": cpu is \"80%\", expected a percentage, such as 80";
    };
  };
  warns = {
    "replicas that each apply sets back" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = extend sized { spec.replicas = 2; };
        maxReplicas = 3;
        cpu = 80;
      };
      warnings = [
        (
          "warning: horizontalPodAutoscaler \"web\": Deployment web has replicas = 2, "
          + "which each apply sets back, expected none"
        )
      ];
    };
    "a share of what isn't requested" = {
      expr = horizontalPodAutoscaler {
        name = "web";
        for = web;
        maxReplicas = 3;
        cpu = 80;
        memory = 80;
      };
      warnings = [
        (
          "warning: horizontalPodAutoscaler \"web\": containers.web of Deployment web has no "
          + "resources.requests.cpu, expected one, since cpu is measured in percent of it"
        )
      ];
    };
  };
}
