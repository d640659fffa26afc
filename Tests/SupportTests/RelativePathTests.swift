import Support
import Testing

@Test(arguments: [
  ("a/b/c.md", "a", "b/c.md"), ("a/c.md", "a/b", "../c.md"), ("c.md", ".", "c.md"), ("/x/y.md", "/x/z/w", "../../y.md"),
  ("a/../b.md", ".", "b.md"),
])
func waysBetweenFolders(file: String, folder: String, way: String) {
  #expect(relativePath(of: file, from: folder) == way)
}
