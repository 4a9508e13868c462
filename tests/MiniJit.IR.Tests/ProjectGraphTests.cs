using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using MiniJit.IR.Tests.Support;
using Xunit;

namespace MiniJit.IR.Tests;

public sealed class ProjectGraphTests
{
    /// <summary>Who may reference whom, without detours: a project also sees what its references see.</summary>
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["MiniJit.IR"] = [],
        ["MiniJit.Codegen"] = ["MiniJit.IR"],
        ["MiniJit.Backend.X64"] = ["MiniJit.IR", "MiniJit.Codegen"],
        ["MiniJit.Backend.Arm64"] = ["MiniJit.IR", "MiniJit.Codegen"],
        ["MiniJit.Runtime"] = ["MiniJit.IR", "MiniJit.Codegen"],
        ["MiniJit.Coherence"] = ["MiniJit.IR", "MiniJit.Codegen", "MiniJit.Runtime", "MiniJit.Backend.Arm64"],
        ["MiniJit.Filetests"] =
            ["MiniJit.IR", "MiniJit.Codegen", "MiniJit.Backend.X64", "MiniJit.Backend.Arm64", "MiniJit.Runtime", "MiniJit.Coherence"],
        ["MiniJit.Cli"] = ["MiniJit.Filetests"],
    };

    /// <summary>Packages that come along at run time. Build-time analyzers are not among them.</summary>
    private static readonly Dictionary<string, string[]> s_packages = new()
    {
        ["MiniJit.Backend.X64"] = ["Iced"],
        ["MiniJit.Filetests"] = ["Microsoft.Extensions.FileSystemGlobbing"],
        ["MiniJit.Cli"] = ["System.CommandLine", "Spectre.Console"],
    };

    [Fact]
    public void Projects_reference_only_what_the_architecture_allows()
    {
        string[] projects = [.. Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)];
        Assert.Equal(s_allowed.Keys.Order(), projects.Select(path => Path.GetFileNameWithoutExtension(path)!).Order());
        foreach (string path in projects)
        {
            string name = Path.GetFileNameWithoutExtension(path);
            XDocument project = XDocument.Load(path);
            IEnumerable<string> references = project.Descendants("ProjectReference").Select(item => Path.GetFileNameWithoutExtension(item.Attribute("Include")!.Value.Replace('\\', '/'))!);
            Assert.All(references, reference => Assert.Contains(reference, s_allowed[name]));
            IEnumerable<string> packages = project.Descendants("PackageReference").Where(item => item.Attribute("PrivateAssets")?.Value != "all").Select(item => item.Attribute("Include")!.Value);
            Assert.All(packages, package => Assert.Contains(package, s_packages.GetValueOrDefault(name, [])));
        }
    }
}
