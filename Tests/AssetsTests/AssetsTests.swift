import Assets
import Testing

@Suite struct AssetsTests {
    @Test func filesByTheirNames() {
        let pipelines = Assets.names("pipelines/", suffix: ".yaml")
        #expect(pipelines.contains("handbook"))
        for name in pipelines { #expect(Assets.bytes("pipelines/\(name).yaml")?.isEmpty == false) }
        #expect(Assets.names("models/", suffix: ".json") == ["patternalarm"])
        #expect(Assets.bytes("pipelines/none.yaml") == nil && Assets.names("none/").isEmpty)
    }
}
