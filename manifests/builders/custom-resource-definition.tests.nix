# Cases of customResourceDefinition.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions.v1.schema.type = "object";
      };
      expected = {
        apiVersion = "apiextensions.k8s.io/v1";
        kind = "CustomResourceDefinition";
        metadata.name = "widgets.example.org";
        spec = {
          group = "example.org";
          names = {
            kind = "Widget";
            plural = "widgets";
          };
          scope = "Namespaced";
          versions = [
            {
              name = "v1";
              schema.openAPIV3Schema.type = "object";
              served = true;
              storage = true;
            }
          ];
        };
      };
    };
    "all that it has" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        scope = "Cluster";
        labels.a = "b";
        names = {
          shortNames = [ "w" ];
          singular = "widget";
        };
        versions = {
          v1 = {
            storage = true;
            schema.openAPIV3Schema = {
              type = "object";
              properties.spec.type = "object";
            };
            subresources.status = { };
          };
          v1beta1 = {
            served = false;
            schema.type = "object";
          };
        };
      };
      expected = {
        apiVersion = "apiextensions.k8s.io/v1";
        kind = "CustomResourceDefinition";
        metadata = {
          labels.a = "b";
          name = "widgets.example.org";
        };
        spec = {
          group = "example.org";
          names = {
            kind = "Widget";
            plural = "widgets";
            shortNames = [ "w" ];
            singular = "widget";
          };
          scope = "Cluster";
          versions = [
            {
              name = "v1";
              schema.openAPIV3Schema = {
                properties.spec.type = "object";
                type = "object";
              };
              served = true;
              storage = true;
              subresources.status = { };
            }
            {
              name = "v1beta1";
              schema.openAPIV3Schema.type = "object";
              served = false;
              storage = false;
            }
          ];
        };
      };
    };
  };
  refuses = {
    "no group" = {
      expr = customResourceDefinition {
        kind = "Widget";
        plural = "widgets";
        versions.v1.schema.type = "object";
      };
      message = "customResourceDefinition \"widgets\": group is missing";
    };
    "no kind" = {
      expr = customResourceDefinition {
        group = "example.org";
        plural = "widgets";
        versions.v1.schema.type = "object";
      };
      message = "customResourceDefinition \"widgets\": kind is missing";
    };
    "no plural" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        versions.v1.schema.type = "object";
      };
      message = "customResourceDefinition: plural is missing";
    };
    "no versions" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
      };
      message = "customResourceDefinition \"widgets\": versions is missing";
    };
    "a group without a dot" = {
      expr = customResourceDefinition {
        group = "example";
        kind = "Widget";
        plural = "widgets";
        versions.v1.schema.type = "object";
      };
      message =
        "customResourceDefinition \"widgets\": group is \"example\", "
        + "expected a domain with a dot in it, such as \"example.org\"";
    };
    "a kind with a dash" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "my-widget";
        plural = "widgets";
        versions.v1.schema.type = "object";
      };
      message =
        "customResourceDefinition \"widgets\": kind is \"my-widget\", "
        + "expected letters and digits, such as \"Widget\"";
    };
    "a plural with capitals" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "Widgets";
        versions.v1.schema.type = "object";
      };
      message =
        "customResourceDefinition \"Widgets\": plural is \"Widgets\", "
        + "expected lower case letters, digits and -";
    };
    "a scope that there isn't" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        scope = "Namespace";
        versions.v1.schema.type = "object";
      };
      message = "customResourceDefinition \"widgets\": scope is \"Namespace\", expected \"Namespaced\" or \"Cluster\"";
    };
    "a version without schema" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions.v1 = { };
      };
      message = "customResourceDefinition \"widgets\": versions.v1.schema is missing";
    };
    "a schema of a string" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions.v1.schema.type = "string";
      };
      message = "customResourceDefinition \"widgets\": versions.v1.schema.type is \"string\", expected \"object\"";
    };
    "a version that is no name" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions."1.0".schema.type = "object";
      };
      message =
        "customResourceDefinition \"widgets\": a name in versions is \"1.0\", "
        + "expected a version, such as \"v1\" or \"v1beta1\"";
    };
    "two versions that are stored" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions = {
          v1 = {
            storage = true;
            schema.type = "object";
          };
          v2 = {
            storage = true;
            schema.type = "object";
          };
        };
      };
      message = "customResourceDefinition \"widgets\": versions has 2 with storage = true, expected one";
    };
    "none that is stored" = {
      expr = customResourceDefinition {
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions = {
          v1.schema.type = "object";
          v2.schema.type = "object";
        };
      };
      message = "customResourceDefinition \"widgets\": versions has 0 with storage = true, expected one";
    };
    "a namespace" = {
      expr = customResourceDefinition {
        namespace = "a";
        group = "example.org";
        kind = "Widget";
        plural = "widgets";
        versions.v1.schema.type = "object";
      };
      message =
        "customResourceDefinition \"widgets\": namespace isn't an argument, "
        + "since this kind belongs to the whole cluster";
    };
  };
}
