# Cases of podDisruptionBudget.
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
in
{
  gives = {
    "the least" = {
      expr = podDisruptionBudget {
        name = "web";
        minAvailable = 1;
      };
      expected = {
        apiVersion = "policy/v1";
        kind = "PodDisruptionBudget";
        metadata.name = "web";
        spec = {
          minAvailable = 1;
          selector.matchLabels."app.kubernetes.io/name" = "web";
        };
      };
    };
    "all that it has" = {
      expr = podDisruptionBudget {
        name = "web";
        namespace = "prod";
        selector.app = "web";
        maxUnavailable = "50%";
        unhealthyPodEvictionPolicy = "AlwaysAllow";
      };
      expected = {
        apiVersion = "policy/v1";
        kind = "PodDisruptionBudget";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        spec = {
          maxUnavailable = "50%";
          selector.matchLabels.app = "web";
          unhealthyPodEvictionPolicy = "AlwaysAllow";
        };
      };
    };
    "a workload" = {
      expr = podDisruptionBudget {
        name = "web";
        for = web;
        maxUnavailable = 1;
      };
      expected = {
        apiVersion = "policy/v1";
        kind = "PodDisruptionBudget";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        spec = {
          maxUnavailable = 1;
          selector.matchLabels."app.kubernetes.io/name" = "web";
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = podDisruptionBudget {
        selector.a = "b";
        minAvailable = 1;
      };
      message = "podDisruptionBudget: name is missing";
    };
    "neither amount" = {
      expr = podDisruptionBudget { name = "web"; };
      message =
        "podDisruptionBudget \"web\": neither minAvailable nor maxUnavailable is there, "
        + "expected one of them";
    };
    "both amounts" = {
      expr = podDisruptionBudget {
        name = "web";
        minAvailable = 1;
        maxUnavailable = 1;
      };
      message =
        "podDisruptionBudget \"web\": minAvailable and maxUnavailable both are there, "
        + "expected one of them";
    };
    "an amount below 0" = {
      expr = podDisruptionBudget {
        name = "web";
        minAvailable = -1;
      };
      message =
        "podDisruptionBudget \"web\": minAvailable is -1, "
        + "expected a number of Pods, or a share such as \"50%\"";
    };
    "a share above 100%" = {
      expr = podDisruptionBudget {
        name = "web";
        minAvailable = "150%";
      };
      message =
        "podDisruptionBudget \"web\": minAvailable is \"150%\", "
        + "expected a number of Pods, or a share such as \"50%\"";
    };
    "a number in a string" = {
      expr = podDisruptionBudget {
        name = "web";
        minAvailable = "1";
      };
      message =
        "podDisruptionBudget \"web\": minAvailable is \"1\", "
        + "expected a number of Pods, or a share such as \"50%\"";
    };
    "for a Pod" = {
      expr = podDisruptionBudget {
        name = "web";
        for = pod {
          name = "a";
          containers.a.image = "b";
        };
        minAvailable = 1;
      };
      message =
        "podDisruptionBudget \"web\": for is a Pod, "
        + "expected a Deployment, a StatefulSet or another workload with a selector that this library "
        + "made";
    };
  };
  warns = {
    "that nodes can't be drained" = {
      expr = podDisruptionBudget {
        name = "web";
        maxUnavailable = 0;
      };
      warnings = [
        (
          "warning: podDisruptionBudget \"web\": no Pod may be taken away, "
          + "so that no node of theirs can be drained; expected maxUnavailable from 1 on"
        )
      ];
    };
    "that all must stay" = {
      expr = podDisruptionBudget {
        name = "web";
        for = extend web { spec.replicas = 2; };
        minAvailable = 2;
      };
      warnings = [
        (
          "warning: podDisruptionBudget \"web\": no Pod may be taken away, "
          + "so that no node of theirs can be drained; expected minAvailable below the number of replicas"
        )
      ];
    };
    "nothing, where the number isn't known" = {
      expr = podDisruptionBudget {
        name = "web";
        for = web;
        minAvailable = 1;
      };
      warnings = [ ];
    };
  };
}
