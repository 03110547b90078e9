# A web server. Version 1.1.0 can be reached from outside of the cluster.
{ pushless }:
let
  inherit (pushless) app catalogueEntry list;

  properties = {
    replicas = {
      type = "integer";
      minimum = 1;
      maximum = 20;
      default = 2;
      description = "Number of Pods";
    };
    page = {
      type = "string";
      default = "Hello";
      description = "Text that the server answers";
    };
    resources = {
      type = "object";
      default = { };
      properties.memory = {
        type = "string";
        pattern = "^[0-9]+(Mi|Gi)$";
        default = "32Mi";
        description = "Memory of each Pod";
      };
    };
  };

  presets = {
    small.replicas = 1;
    large = {
      replicas = 5;
      resources.memory = "256Mi";
    };
  };

  makeWeb =
    image: values:
    list "web" (
      app (
        {
          name = "web";
          inherit image;
          inherit (values) replicas;
          resources.memory = values.resources.memory;
          port = 8080;
          files."/srv/index.html" = values.page;
        }
        // (if values ? host then { inherit (values) host; } else { })
      )
    );
in
{
  "1.0.0" = catalogueEntry {
    description = "A web server that answers with one page";
    schema = {
      type = "object";
      inherit properties;
    };
    inherit presets;
    manifests = makeWeb "docker.io/library/nginx:1.27";
  };

  "1.1.0" = catalogueEntry {
    description = "A web server that answers with one page, at a host of its own";
    schema = {
      type = "object";
      properties = properties // {
        host = {
          type = "string";
          format = "hostname";
          description = "Name that clients use; without it there is no Ingress";
        };
      };
    };
    inherit presets;
    manifests = makeWeb "docker.io/library/nginx:1.28";
  };
}
