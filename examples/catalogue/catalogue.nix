# A catalogue with two entries, each in two versions. It needs this repository alone:
#
#   pushless catalogue list examples/catalogue
#   pushless catalogue render examples/catalogue web 1.1.0 --values examples/catalogue/values.yaml
#   kubectl apply -f result
{ pushless }: {
  web = import ./web.nix { inherit pushless; };
  settings = import ./settings.nix { inherit pushless; };
}
