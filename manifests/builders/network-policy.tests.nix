# Cases of networkPolicy.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least: nobody may talk to it" = {
      expr = networkPolicy {
        name = "web";
        ingress = [ ];
      };
      expected = {
        apiVersion = "networking.k8s.io/v1";
        kind = "NetworkPolicy";
        metadata.name = "web";
        spec = {
          ingress = [ ];
          podSelector.matchLabels."app.kubernetes.io/name" = "web";
          policyTypes = [ "Ingress" ];
        };
      };
    };
    "all that it has" = {
      expr = networkPolicy {
        name = "web";
        namespace = "prod";
        podSelector.app = "web";
        ingress = [
          {
            from = [ { podSelector.matchLabels.app = "front"; } ];
            ports = [ { port = "http"; } ];
          }
        ];
        egress = [
          {
            to = [ { podSelector.matchLabels.app = "db"; } ];
            ports = [ { port = 5432; } ];
          }
        ];
        dns = true;
      };
      expected = {
        apiVersion = "networking.k8s.io/v1";
        kind = "NetworkPolicy";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        spec = {
          egress = [
            {
              ports = [ { port = 5432; } ];
              to = [ { podSelector.matchLabels.app = "db"; } ];
            }
            {
              ports = [
                {
                  port = 53;
                  protocol = "UDP";
                }
                {
                  port = 53;
                  protocol = "TCP";
                }
              ];
            }
          ];
          ingress = [
            {
              from = [ { podSelector.matchLabels.app = "front"; } ];
              ports = [ { port = "http"; } ];
            }
          ];
          podSelector.matchLabels.app = "web";
          policyTypes = [
            "Ingress"
            "Egress"
          ];
        };
      };
    };
    "every Pod of the namespace" = {
      expr =
        (networkPolicy {
          name = "none";
          podSelector = { };
          ingress = [ ];
          egress = [ ];
        }).spec;
      expected = {
        egress = [ ];
        ingress = [ ];
        podSelector = { };
        policyTypes = [
          "Ingress"
          "Egress"
        ];
      };
    };
  };
  refuses = {
    "no name" = {
      expr = networkPolicy {
        podSelector = { };
        ingress = [ ];
      };
      message = "networkPolicy: name is missing";
    };
    "nothing that it restricts" = {
      expr = networkPolicy { name = "web"; };
      message =
        "networkPolicy \"web\": neither ingress nor egress is there, "
        + "expected at least one: [ ] lets nothing through";
    };
    "rules that are one rule" = {
      expr = networkPolicy {
        name = "web";
        ingress = {
          from = [ ];
        };
      };
      message =
        "networkPolicy \"web\": ingress is an attribute set, "
        + "expected a list of rules; [ ] lets nothing through, [ { } ] everything";
    };
    "a rule that is a string" = {
      expr = networkPolicy {
        name = "web";
        egress = [ "db" ];
      };
      message =
        "networkPolicy \"web\": an item of egress is \"db\", "
        + "expected an attribute set, such as { from = [ ... ]; ports = [ ... ]; }";
    };
    "a selector that is a string" = {
      expr = networkPolicy {
        name = "web";
        podSelector = "web";
        ingress = [ ];
      };
      message =
        "networkPolicy \"web\": podSelector is \"web\", "
        + "expected an attribute set: labels, or matchLabels and matchExpressions";
    };
  };
  warns = {
    "no DNS" = {
      expr = networkPolicy {
        name = "web";
        egress = [ { to = [ { podSelector.matchLabels.app = "db"; } ]; } ];
      };
      warnings = [
        (
          "warning: networkPolicy \"web\": egress lets no DNS through, so that Pods find no names; "
          + "expected dns = true, or dns = false if that is meant"
        )
      ];
    };
    "no DNS, as all ports are others" = {
      expr = networkPolicy {
        name = "web";
        egress = [ { ports = [ { port = 443; } ]; } ];
      };
      warnings = [
        (
          "warning: networkPolicy \"web\": egress lets no DNS through, so that Pods find no names; "
          + "expected dns = true, or dns = false if that is meant"
        )
      ];
    };
    "nothing, where that is meant" = {
      expr = networkPolicy {
        name = "web";
        dns = false;
        egress = [ { ports = [ { port = 443; } ]; } ];
      };
      warnings = [ ];
    };
    "nothing, where a rule has DNS" = {
      expr = networkPolicy {
        name = "web";
        egress = [
          {
            ports = [
              {
                port = 53;
                protocol = "UDP";
              }
            ];
          }
        ];
      };
      warnings = [ ];
    };
    "nothing, where DNS may be in another namespace" = {
      expr = networkPolicy {
        name = "web";
        egress = [ { to = [ { namespaceSelector = { }; } ]; } ];
      };
      warnings = [ ];
    };
    "nothing, where nothing goes out" = {
      expr = networkPolicy {
        name = "web";
        egress = [ ];
      };
      warnings = [ ];
    };
  };
}
