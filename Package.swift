// swift-tools-version: 6.2
import PackageDescription

// The release script sets this folder (it holds only .a files) to link one file that needs nothing at run time.
let staticLibraries = Context.environment["PATTERNALARM_STATIC_LIBRARIES"]

// The linker alone makes the difference, so that the tests are of the very objects that are released. Swift's archives do not name
// the C parts of Foundation that they need.
let linkedStatically =
    ["-static-stdlib", "-static-executable"]
    + [
        "--start-group",
        "-lFoundation", "-lFoundationEssentials", "-lFoundationInternationalization", "-l_FoundationCollections",
        "-l_FoundationCShims", "-l_FoundationICU", "-lCoreFoundation", "-lswiftDispatch", "-ldispatch",
        "-lBlocksRuntime", "-lswift_RegexParser", "-lswift_StringProcessing", "-lswiftSynchronization", "-lstdc++",
        "--end-group",
    ].flatMap { ["-Xlinker", $0] }

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // Each mutable object has one owner and one thread at a time; the checks at run time cost an eighth of a query.
    .unsafeFlags(["-enforce-exclusivity=unchecked"]),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
/// The C library as GRDB sees it.
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A Swift library of ours: `depends` names targets of this package that lie below it.
func library(_ name: String, depends: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: depends, exclude: exclude, swiftSettings: swift)
}

func tests(_ name: String, depends: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: depends + ["TestKit"], swiftSettings: swift)
}

let package = Package(
    name: "patternalarm",
    products: [.executable(name: "patternalarm", targets: ["patternalarm"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: what Swift cannot say, or cannot say fast.
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "CProcess"),
        .target(name: "CSQLite"),
        .target(name: "CAssets", cSettings: [.unsafeFlags(["-std=c23"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),

        // The core: no clock, no Foundation, no network; files only through FileStore.
        library("Base", depends: ["CKernels"]),
        library("Bytes", depends: ["Base", "CKernels"]),
        library("FileStore", depends: ["Base", system]),
        library("EventLog", depends: ["Base", "Bytes", "FileStore", "CLZ4"]),
        library("StateStore", depends: ["Base", "Bytes", "FileStore"]),
        library("Plan", depends: ["Base", "Bytes"], exclude: ["README.md"]),
        library("Windows", depends: ["Base", "Bytes", "Plan", "StateStore"]),
        library("Forest", depends: ["Base", "Bytes", "CKernels"]),
        library("TensorGraph", depends: ["CKernels", "Forest"]),
        library("ForestFormats", depends: ["Base", "Bytes", "Forest", "TensorGraph"], exclude: ["README.md"]),
        library("ForestTraining", depends: ["Base", "Forest"], exclude: ["README.md"]),
        library("Evaluation", depends: ["Base"], exclude: ["README.md"]),
        library("Traffic", depends: ["Base", "Bytes"]),
        library("Survey", depends: ["Bytes"], exclude: ["README.md"]),
        library("Draft", depends: ["Bytes", "Survey"], exclude: ["README.md"]),
        library(
            "Engine",
            depends: [
                "Base", "Bytes", "CKernels", "CLZ4", "CZlib", "CZstd", "FileStore", "EventLog", "StateStore", "Plan",
                "Windows", "Forest", "TensorGraph", heap,
            ]
        ),

        // The edge.
        library("AlertStore", depends: ["Base", "CSQLite", "FileStore", grdb], exclude: ["README.md"]),
        library("Delivery", depends: ["AlertStore", "Base", "Bytes", "Engine", "Plan"]),
        library(
            "Runtime",
            depends: [
                "AlertStore", "Base", "Bytes", "Delivery", "Engine", "EventLog", "FileStore", "Forest", "Plan",
                "StateStore",
                "Windows", coreMetrics, metrics,
            ],
            exclude: ["README.md"]
        ),
        library(
            "Server",
            depends: [
                "AlertStore", "Base", "Bytes", "CAssets", "CLZ4", "Delivery", "Engine", "EventLog",
                "FileStore",
                "Forest",
                "Plan", "Runtime", "StateStore", "Traffic", "Windows", histogram, httpTypes, hummingbird, logging,
                lifecycle,
                coreMetrics, metrics,
                "CProcess", hummingbirdCore, nioCore, nioHTTP1, nioPosix, signals,
            ],
            exclude: ["README.md", "Security/README.md"]
        ),
        library(
            "Commands",
            depends: [
                "AlertStore", "Base", "Bytes", "CAssets", "CLZ4", "CProcess", "Delivery", "Draft", "Engine", "EventLog",
                "FileStore", "Forest", "ForestFormats", "ForestTraining", "Evaluation", "Plan", "Runtime", "Server",
                "StateStore", "Survey", "TensorGraph",
                "Traffic", "Windows", argumentParser, logging, system, yams, histogram, sqlite,
            ],
            exclude: ["Bench/README.md", "Export/README.md", "Input/README.md", "Safety/README.md"]
        ),
        .executableTarget(
            name: "patternalarm",
            dependencies: ["Commands"],
            swiftSettings: swift,
            linkerSettings: staticLibraries.map { [.unsafeFlags(["-L\($0)"] + linkedStatically)] } ?? []
        ),

        // Tests.
        .target(
            name: "TestKit",
            dependencies: ["Base", "Bytes", "Engine", "FileStore", "Plan", "Survey"],
            path: "Tests/TestKit",
            swiftSettings: swift
        ),
        tests("BaseTests", depends: ["Base"]),
        tests("BytesTests", depends: ["Bytes"]),
        tests("EventLogTests", depends: ["EventLog", "FileStore"]),
        tests("StateStoreTests", depends: ["Base", "FileStore", "StateStore"]),
        tests("PlanTests", depends: ["Bytes", "Plan"]),
        tests("WindowsTests", depends: ["Windows", "Plan"]),
        tests("ForestTests", depends: ["Bytes", "Forest"]),
        tests("TensorGraphTests", depends: ["TensorGraph"]),
        tests("ForestFormatsTests", depends: ["Base", "Bytes", "Forest", "ForestFormats", "TensorGraph"]),
        tests("ForestTrainingTests", depends: ["Bytes", "Forest", "ForestTraining"]),
        tests("EvaluationTests", depends: ["Base", "Evaluation"]),
        tests("EngineTests", depends: ["Base", "Bytes", "Engine", "Forest", "Plan", "Windows"]),
        tests(
            "SimulationTests",
            depends: [
                "AlertStore", "Base", "Bytes", "Delivery", "Engine", "EventLog", "FileStore", "Plan", "StateStore",
                "Windows", sqlite,
            ]
        ),
        tests(
            "RuntimeTests",
            depends: [
                "AlertStore", "Base", "Bytes", "Delivery", "Engine", "EventLog", "FileStore", "Forest", "Plan",
                "Runtime",
                "StateStore", "Windows", sqlite,
            ]
        ),
        tests("AlertStoreTests", depends: ["AlertStore", grdb]),
        tests(
            "ServerTests",
            depends: [
                "AlertStore", "Base", "Bytes", "Engine", "Forest", "Plan", "Runtime", "Server", "Traffic", coreMetrics,
                histogram, httpTypes, nioCore,
            ]
        ),
        tests("TrafficTests", depends: ["Traffic"]),
        tests("SurveyTests", depends: ["Bytes", "Survey"]),
        tests("DraftTests", depends: ["Draft", "Survey"]),
        tests("CommandLineTests", depends: ["Base", "patternalarm"]),
        tests("TidyTests", depends: []),
    ]
)
