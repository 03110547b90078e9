# `buildLayeredImage`, in the exact form that nixpkgs writes (see ../../fixtures/docker-archives.nix): the closure in
# one layer, and what is linked below / in another.
{
  # name: variables: script: derivation
  run,
  # of which / is made
  busybox,
}:
{
  fakeNss = run "fake-nss" { } ''
    mkdir -p "$out/etc"
    printf 'root:x:0:0:root user:/var/empty:/bin/sh\nnobody:x:65534:65534:nobody:/var/empty:/bin/sh\n' > "$out/etc/passwd"
    printf 'root:x:0:\nnobody:x:65534:\n' > "$out/etc/group"
  '';

  buildLayeredImage =
    {
      # of the image, and of the file
      name,
      # of the image
      tag ? "1",
      # packages that are linked below /
      contents,
      # script that writes to what becomes /
      extraCommands ? "",
      # of the OCI configuration
      config ? { },
      # nothing else is known here
      compressor ? "none",
    }:
    let
      runtime = builtins.toJSON config;
      roots = run "closure" { inherit contents runtime; } ''echo "$contents $runtime" > "$out"'';
    in
    assert compressor == "none";
    run "${name}.tar"
      {
        inherit
          contents
          extraCommands
          runtime
          tag
          ;
        image = name;
        exportReferencesGraph = [
          "graph"
          roots
        ];
      }
      ''
        mkdir store root
        for path in $(grep '^/nix/store/' graph | grep -v -e '\.drv$' -e '-closure$' | sort -u); do
          mkdir -p store/nix/store
          cp -a "$path" "store$path"
        done
        chmod -R u+w store
        tar -C store --hard-dereference --sort=name --mtime=@1 --owner=0 --group=0 --mode=u-w -cf store.tar ./nix

        for path in $contents; do cp -rs "$path/." root; chmod -R u+w root; done
        ( cd root; eval "$extraCommands" )
        tar -C root --hard-dereference --sort=name --mtime=@1 --owner=0 --group=0 -cf root.tar .

        set --
        layerList=
        diffIds=
        for layer in store root; do
          sum=$(sha256sum $layer.tar | cut -d ' ' -f 1)
          mkdir $sum
          mv $layer.tar $sum/layer.tar
          diffIds="$diffIds''${diffIds:+, }\"sha256:$sum\""
          layerList="$layerList''${layerList:+, }\"$sum/layer.tar\""
          set -- "$@" $sum/layer.tar
        done
        printf '{"created": "1970-01-01T00:00:01+00:00", "architecture": "amd64", "os": "linux", "config": %s, "rootfs": {"diff_ids": [%s], "type": "layers"}, "history": []}' "$runtime" "$diffIds" > config
        sum=$(sha256sum config | cut -d ' ' -f 1)
        mv config $sum.json
        printf '[{"Config": "%s", "RepoTags": ["%s"], "Layers": [%s]}]' "$sum.json" "$image:$tag" "$layerList" > manifest.json
        tar --format=pax --pax-option=delete=atime,delete=ctime --mtime=@1 --owner=0 --group=0 -cf "$out" "$@" $sum.json manifest.json
      '';
}
