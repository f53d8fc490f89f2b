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
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// Targets of this package, by their names with spaces between them.
func below(_ names: String) -> [Target.Dependency] { names.split(separator: " ").map { .byName(name: String($0)) } }

/// A Swift library of ours: what it rests on are targets of this package that lie below it, and products of others.
func library(
    _ name: String,
    on names: String = "",
    _ products: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: below(names) + products, exclude: exclude, swiftSettings: swift)
}

func tests(_ name: String, of names: String = "", _ products: [Target.Dependency] = []) -> Target {
    .testTarget(name: name, dependencies: below(names) + products + ["TestKit"], swiftSettings: swift)
}

let package = Package(
    name: "patternalarm",
    products: [.executable(name: "patternalarm", targets: ["patternalarm"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
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
        library("Base", on: "CKernels"),
        library("Bytes", on: "Base CKernels"),
        library("FileStore", on: "Base"),
        library("EventLog", on: "Base Bytes FileStore CLZ4"),
        library("Activations", on: "Base Bytes EventLog FileStore"),
        library("State", on: "Base"),
        library("StateStore", on: "Base Bytes FileStore State"),
        library("Plan", on: "Base Bytes", exclude: ["README.md"]),
        library("SQLExport", on: "Bytes Plan"),
        library("Ingest", on: "Bytes CKernels CLZ4 CZlib CZstd"),
        library("Decode", on: "Base Bytes CKernels Plan"),
        library("Windows", on: "Base Bytes Plan State"),
        library("Forest", on: "Bytes CKernels"),
        library("TensorGraph", on: "CKernels Forest"),
        library("Models", on: "Base Forest TensorGraph"),
        library("ForestFormats", on: "Bytes Forest Models TensorGraph", exclude: ["README.md"]),
        library("ForestTraining", on: "Base Forest Models", exclude: ["README.md"]),
        library("Evaluation", on: "Base", exclude: ["README.md"]),
        library("Traffic", on: "Base Bytes"),
        library("Survey", on: "Base Bytes", exclude: ["README.md"]),
        library("Draft", on: "Bytes Survey", exclude: ["README.md"]),
        library("Engine", on: "Base Bytes Models Plan State Windows", [heap]),
        library(
            "Partition",
            on: "Base Bytes Decode Engine EventLog FileStore Ingest Models Plan State StateStore"
        ),

        // The edge.
        library("Assets", on: "CAssets"),
        library("Tables", on: "Base Bytes Ingest"),
        library("PipelineFiles", on: "Assets Base Bytes Ingest Plan", [yams]),
        library(
            "Recordings",
            on: "Base Bytes Decode Engine Ingest Plan Survey Windows",
            exclude: ["README.md"]
        ),
        library("AlertStore", on: "Base CSQLite FileStore", [grdb], exclude: ["README.md"]),
        library("Delivery", on: "AlertStore Base Bytes Engine Models Partition Plan"),
        library(
            "Runtime",
            on: """
                Activations AlertStore Base Bytes Decode Delivery Engine EventLog FileStore Ingest Models Partition Plan \
                Recordings State StateStore Windows
                """,
            [coreMetrics, metrics],
            exclude: ["README.md"]
        ),
        library(
            "Upkeep",
            on: """
                Activations AlertStore Base Bytes Delivery EventLog FileStore Ingest Partition Plan Runtime StateStore
                """
        ),
        library(
            "Learning",
            on: """
                AlertStore Assets Base Bytes Decode Delivery Engine Evaluation FileStore Forest ForestFormats \
                ForestTraining Ingest Models Plan Recordings Tables TensorGraph
                """
        ),
        library("InForce", on: "Activations FileStore Learning Models PipelineFiles Plan Runtime"),
        library("FirstLook", on: "Base Bytes Draft Engine Ingest Learning PipelineFiles Plan Recordings Survey"),
        library(
            "Server",
            on: """
                Activations AlertStore Assets Base Bytes CProcess FileStore InForce Ingest Models PipelineFiles Plan \
                Runtime Traffic
                """,
            [
                coreMetrics, histogram, httpTypes, hummingbird, hummingbirdCore, lifecycle, logging, metrics, nioCore,
                nioHTTP1, nioPosix, signals,
            ],
            exclude: ["README.md", "Security/README.md"]
        ),
        library(
            "Console",
            on: """
                Activations AlertStore Base Bytes Engine EventLog FileStore InForce Ingest Learning Partition PipelineFiles \
                Plan Recordings Runtime Tables Upkeep Windows
                """,
            [argumentParser]
        ),
        library(
            "Bench",
            on: """
                AlertStore Base CLZ4 Console Decode Engine EventLog FileStore Forest ForestTraining InForce Learning Models \
                Partition PipelineFiles Plan Recordings Runtime State StateStore Tables Traffic Windows
                """,
            [argumentParser, histogram, sqlite],
            exclude: ["README.md"]
        ),
        library(
            "Commands",
            on: """
                Activations AlertStore Base Bench Bytes Console Draft Engine Evaluation EventLog FileStore \
                FirstLook Forest ForestFormats ForestTraining InForce Ingest Learning Models Partition PipelineFiles \
                Plan Recordings Runtime SQLExport Server StateStore Survey Tables TensorGraph Traffic Upkeep
                """,
            [argumentParser, logging],
            exclude: ["Export/README.md", "Safety/README.md"]
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
            dependencies: below("Base Bytes Decode FileStore Plan Survey"),
            path: "Tests/TestKit",
            swiftSettings: swift
        ),
        tests("BaseTests", of: "Base"),
        tests("BytesTests", of: "Base Bytes"),
        tests("EventLogTests", of: "Base Bytes EventLog FileStore"),
        tests("ActivationsTests", of: "Activations Base Bytes EventLog FileStore"),
        tests("StateTests", of: "Base State"),
        tests("StateStoreTests", of: "Base Bytes FileStore State StateStore"),
        tests("PlanTests", of: "Base Bytes Plan"),
        tests("SQLExportTests", of: "Plan SQLExport"),
        tests("IngestTests", of: "Base Bytes Ingest"),
        tests("DecodeTests", of: "Base Bytes Decode Plan"),
        tests("WindowsTests", of: "Base Plan Windows"),
        tests("ForestTests", of: "Base Bytes Forest"),
        tests("TensorGraphTests", of: "TensorGraph"),
        tests("ModelsTests", of: "Base Forest Models"),
        tests("ForestFormatsTests", of: "Base Bytes Forest ForestFormats Models Tables TensorGraph"),
        tests("ForestTrainingTests", of: "Base Bytes Forest ForestTraining"),
        tests("EvaluationTests", of: "Base Evaluation"),
        tests("EngineTests", of: "Base Decode Engine FileStore Plan State StateStore Windows"),
        tests("PartitionTests", of: "Engine EventLog Ingest Partition"),
        tests(
            "SimulationTests",
            of: "AlertStore Base Delivery Engine EventLog FileStore Ingest Partition Plan StateStore Windows",
            [sqlite]
        ),
        tests(
            "RuntimeTests",
            of:
                """
                Activations AlertStore Base Bytes Delivery Engine EventLog FileStore Forest Ingest Models Partition Plan \
                Recordings Runtime StateStore Windows
                """,
            [sqlite]
        ),
        tests("AlertStoreTests", of: "AlertStore", [grdb]),
        tests(
            "ServerTests",
            of: "Activations AlertStore Base Bytes Plan Runtime Server Traffic",
            [coreMetrics, histogram, httpTypes, nioCore]
        ),
        tests("TrafficTests", of: "Base Traffic"),
        tests("AssetsTests", of: "Assets"),
        tests("TablesTests", of: "Tables"),
        tests("PipelineFilesTests", of: "PipelineFiles Plan"),
        tests("RecordingsTests", of: "Engine Recordings"),
        tests("ConsoleTests", of: "AlertStore Console Learning PipelineFiles Recordings Runtime Tables"),
        tests("BenchTests", of: "Bench Console ForestTraining PipelineFiles Recordings Traffic"),
        tests("UpkeepTests", of: "Activations Base EventLog FileStore Upkeep"),
        tests("LearningTests", of: "AlertStore Base Decode Engine Evaluation Learning Models Plan Tables"),
        tests("InForceTests", of: "InForce Plan Runtime"),
        tests("FirstLookTests", of: "Draft Engine FirstLook Recordings Survey"),
        tests("SurveyTests", of: "Survey"),
        tests("DraftTests", of: "Draft Survey"),
        tests("CommandLineTests", of: "Assets Base patternalarm"),
        tests("TidyTests"),
    ]
)
