# Cases of role, clusterRole, roleBinding and clusterRoleBinding.
{ manifests, ... }:
with manifests;
let
  web = serviceAccount {
    name = "web";
    namespace = "prod";
  };
  reader = role {
    name = "reader";
    rules = [ ];
  };
in
{
  gives = {
    "a role" = {
      expr = role {
        name = "reader";
        namespace = "prod";
        labels.a = "b";
        rules = [
          {
            resources = [
              "pods"
              "pods/log"
            ];
            verbs = [
              "get"
              "list"
            ];
          }
          {
            apiGroups = [ "example.org" ];
            resources = [ "widgets" ];
            verbs = [ "*" ];
          }
        ];
      };
      expected = {
        apiVersion = "rbac.authorization.k8s.io/v1";
        kind = "Role";
        metadata = {
          labels.a = "b";
          name = "reader";
          namespace = "prod";
        };
        rules = [
          {
            apiGroups = [ "" ];
            resources = [
              "pods"
              "pods/log"
            ];
            verbs = [
              "get"
              "list"
            ];
          }
          {
            apiGroups = [ "example.org" ];
            resources = [ "widgets" ];
            verbs = [ "*" ];
          }
        ];
      };
    };
    "the groups of Kubernetes' own resources" = {
      expr =
        (role {
          name = "reader";
          rules = [
            {
              resources = [
                "deployments/scale"
                "jobs"
                "secrets"
              ];
              verbs = [ "get" ];
            }
          ];
        }).rules;
      expected = [
        {
          apiGroups = [
            ""
            "apps"
            "batch"
          ];
          resources = [
            "deployments/scale"
            "jobs"
            "secrets"
          ];
          verbs = [ "get" ];
        }
      ];
    };
    "a cluster role" = {
      expr = clusterRole {
        name = "system:reader";
        rules = [
          {
            nonResourceURLs = [ "/healthz" ];
            verbs = [ "get" ];
          }
        ];
      };
      expected = {
        apiVersion = "rbac.authorization.k8s.io/v1";
        kind = "ClusterRole";
        metadata.name = "system:reader";
        rules = [
          {
            nonResourceURLs = [ "/healthz" ];
            verbs = [ "get" ];
          }
        ];
      };
    };
    "a cluster role made of others" = {
      expr = clusterRole {
        name = "all";
        aggregationRule.clusterRoleSelectors = [ { matchLabels.a = "b"; } ];
      };
      expected = {
        aggregationRule.clusterRoleSelectors = [ { matchLabels.a = "b"; } ];
        apiVersion = "rbac.authorization.k8s.io/v1";
        kind = "ClusterRole";
        metadata.name = "all";
      };
    };
    "a binding" = {
      expr = roleBinding {
        name = "web";
        namespace = "prod";
        role = "reader";
        subjects = [
          "web"
          "dev/web"
          {
            kind = "Group";
            name = "admins";
          }
          {
            kind = "ServiceAccount";
            name = "x";
          }
          web
        ];
      };
      expected = {
        apiVersion = "rbac.authorization.k8s.io/v1";
        kind = "RoleBinding";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        roleRef = {
          apiGroup = "rbac.authorization.k8s.io";
          kind = "Role";
          name = "reader";
        };
        subjects = [
          {
            kind = "ServiceAccount";
            name = "web";
            namespace = "prod";
          }
          {
            kind = "ServiceAccount";
            name = "web";
            namespace = "dev";
          }
          {
            apiGroup = "rbac.authorization.k8s.io";
            kind = "Group";
            name = "admins";
          }
          {
            kind = "ServiceAccount";
            name = "x";
            namespace = "prod";
          }
          {
            kind = "ServiceAccount";
            name = "web";
            namespace = "prod";
          }
        ];
      };
    };
    "a binding of a role itself" = {
      expr =
        (roleBinding {
          name = "web";
          role = reader;
          subjects = [ web ];
        }).roleRef;
      expected = {
        apiGroup = "rbac.authorization.k8s.io";
        kind = "Role";
        name = "reader";
      };
    };
    "a binding of a cluster role in one namespace" = {
      expr =
        (roleBinding {
          name = "web";
          role = {
            kind = "ClusterRole";
            name = "view";
          };
        }).roleRef;
      expected = {
        apiGroup = "rbac.authorization.k8s.io";
        kind = "ClusterRole";
        name = "view";
      };
    };
    "a cluster-wide binding" = {
      expr = clusterRoleBinding {
        name = "web";
        role = "view";
        subjects = [
          "prod/web"
          {
            kind = "User";
            name = "jane";
          }
        ];
      };
      expected = {
        apiVersion = "rbac.authorization.k8s.io/v1";
        kind = "ClusterRoleBinding";
        metadata.name = "web";
        roleRef = {
          apiGroup = "rbac.authorization.k8s.io";
          kind = "ClusterRole";
          name = "view";
        };
        subjects = [
          {
            kind = "ServiceAccount";
            name = "web";
            namespace = "prod";
          }
          {
            apiGroup = "rbac.authorization.k8s.io";
            kind = "User";
            name = "jane";
          }
        ];
      };
    };
  };
  refuses = {
    "no name" = {
      expr = role { rules = [ ]; };
      message = "role: name is missing";
    };
    "a name with a slash" = {
      expr = role { name = "a/b"; };
      message = "role \"a/b\": name is \"a/b\", expected a name without / and %, that isn't . or ..";
    };
    "rules that are a set" = {
      expr = role {
        name = "a";
        rules = { };
      };
      message = "role \"a\": rules is an attribute set, expected a list";
    };
    "a rule that is a string" = {
      expr = role {
        name = "a";
        rules = [ "pods" ];
      };
      message =
        "role \"a\": an item of rules is \"pods\", "
        + "expected an attribute set with verbs, and resources or nonResourceURLs";
    };
    "a rule without verbs" = {
      expr = role {
        name = "a";
        rules = [ { resources = [ "pods" ]; } ];
      };
      message = "role \"a\": a rule has no verbs, expected a list such as [ \"get\" \"list\" \"watch\" ]";
    };
    "a rule without resources" = {
      expr = role {
        name = "a";
        rules = [ { verbs = [ "get" ]; } ];
      };
      message = "role \"a\": a rule has neither resources nor nonResourceURLs";
    };
    "a resource of which the group isn't known" = {
      expr = role {
        name = "a";
        rules = [
          {
            resources = [ "widgets" ];
            verbs = [ "get" ];
          }
        ];
      };
      message =
        "role \"a\": an item of rules.resources is \"widgets\", "
        + "expected a resource of Kubernetes' own, or apiGroups = [ \"<group>\" ] beside it";
    };
    "all resources of no group" = {
      expr = role {
        name = "a";
        rules = [
          {
            resources = [ "*" ];
            verbs = [ "get" ];
          }
        ];
      };
      message =
        "role \"a\": an item of rules.resources is \"*\", "
        + "expected a resource of Kubernetes' own, or apiGroups = [ \"<group>\" ] beside it";
    };
    "URLs in a namespace" = {
      expr = role {
        name = "a";
        rules = [
          {
            nonResourceURLs = [ "/" ];
            verbs = [ "get" ];
          }
        ];
      };
      message = "role \"a\": a rule has nonResourceURLs, expected it of a clusterRole";
    };
    "URLs and resources in one rule" = {
      expr = clusterRole {
        name = "a";
        rules = [
          {
            resources = [ "pods" ];
            nonResourceURLs = [ "/" ];
            verbs = [ "get" ];
          }
        ];
      };
      message = "clusterRole \"a\": a rule has both resources and nonResourceURLs, expected a rule for each";
    };
    "a namespace of what is the cluster's" = {
      expr = clusterRole {
        name = "a";
        namespace = "b";
      };
      message = "clusterRole \"a\": namespace isn't an argument, since this kind belongs to the whole cluster";
    };
    "no role" = {
      expr = roleBinding { name = "a"; };
      message = "roleBinding \"a\": role is missing";
    };
    "a role that is a number" = {
      expr = roleBinding {
        name = "a";
        role = 1;
      };
      message = "roleBinding \"a\": role is 1, expected the name of a Role, or a role that this library made";
    };
    "a role of a namespace for the whole cluster" = {
      expr = clusterRoleBinding {
        name = "a";
        role = reader;
      };
      message = "clusterRoleBinding \"a\": role is a Role, expected a ClusterRole";
    };
    "a role that is something else" = {
      expr = roleBinding {
        name = "a";
        role = web;
      };
      message = "roleBinding \"a\": role is a ServiceAccount, expected a Role or a ClusterRole";
    };
    "an account whose namespace isn't known" = {
      expr = roleBinding {
        name = "a";
        role = "b";
        subjects = [ "web" ];
      };
      message =
        "roleBinding \"a\": the namespace of ServiceAccount web isn't said, "
        + "expected \"<namespace>/web\", or namespace";
    };
    "an account whose namespace isn't known, cluster-wide" = {
      expr = clusterRoleBinding {
        name = "a";
        role = "b";
        subjects = [ "web" ];
      };
      message =
        "clusterRoleBinding \"a\": the namespace of ServiceAccount web isn't said, "
        + "expected \"<namespace>/web\"";
    };
    "a subject that there isn't" = {
      expr = roleBinding {
        name = "a";
        role = "b";
        subjects = [
          {
            kind = "Robot";
            name = "c";
          }
        ];
      };
      message =
        "roleBinding \"a\": an item of subjects is an attribute set, "
        + "expected \"<namespace>/<ServiceAccount>\", a ServiceAccount, or { kind = \"Group\"; "
        + "name = \"...\"; }";
    };
    "subjects that are a string" = {
      expr = roleBinding {
        name = "a";
        role = "b";
        subjects = "web";
      };
      message = "roleBinding \"a\": subjects is \"web\", expected a list";
    };
  };
}
