using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using MiniJit.IR.Tests.Support;
using MiniJit.IR.Verification;
using Xunit;

namespace MiniJit.IR.Tests.Verification;

/// <summary>Files whose <c>; error:</c> comments say, one to one, what the verifier reports at the entity above them.</summary>
public sealed class VerifierFileTests
{
    public static TheoryData<string> OwnFiles => Files(Repository.PathOf("filetests", "verifier"));

    [Theory]
    [MemberData(nameof(OwnFiles))]
    public void Errors_are_those_that_the_file_announces(string file) => Check(Repository.PathOf("filetests", "verifier", file));

    [Fact]
    public void Every_id_is_provoked_by_some_file()
    {
        HashSet<string> seen = [];
        foreach (string path in Directory.EnumerateFiles(Repository.PathOf("filetests", "verifier"), "*.clif"))
        {
            foreach ((_, DiagnosticBag bag) in Verify(Parser.Parse(File.ReadAllText(path), path)))
            {
                seen.UnionWith(bag.Items.Select(item => item.Id));
            }
        }

        // A text cannot mention an entity or a value that does not exist.
        IEnumerable<string> all = typeof(VerifierId).GetFields().Select(field => (string)field.GetRawConstantValue()!);
        Assert.Equal(all.Except([VerifierId.EntityReference, VerifierId.ValueReference]).Order(), seen.Order());
    }

    /// <summary>The conformance files are no part of the sources; they are checked where they lie beside them.</summary>
    [Fact]
    public void Conformance_files_report_what_they_announce()
    {
        string? directory = Repository.Shared("conformance", "verifier");
        Assert.SkipWhen(directory is null, "the conformance files are not at hand");
        string[] files = Directory.GetFiles(directory!, "*.clif");
        Assert.Equal(16, files.Length);
        Assert.All(files, Check);
    }

    [Fact]
    public void Every_function_of_the_other_conformance_files_is_valid()
    {
        string? directory = Repository.Shared("conformance");
        Assert.SkipWhen(directory is null, "the conformance files are not at hand");
        List<string> problems = [];
        int functions = 0;
        foreach (string path in Directory.EnumerateFiles(directory!, "*.clif", SearchOption.AllDirectories).Where(path => !path.Contains("/verifier/", StringComparison.Ordinal)))
        {
            ParsedFile file = Parser.Parse(File.ReadAllText(path), path);
            bool isVerified = file.Tests.Any(test => test.Words[0] is not ("cat" or "print-cfg"));
            if (file.HasErrors || !isVerified)
            {
                continue;
            }

            foreach ((_, DiagnosticBag bag) in Verify(file))
            {
                functions++;
                problems.AddRange(bag.Items.Select(item => item.ToString()));
            }
        }

        Assert.Empty(problems);
        Assert.True(functions > 1000, $"{functions} functions");
    }

    private static TheoryData<string> Files(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*.clif").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void Check(string path)
    {
        ParsedFile file = Parser.Parse(File.ReadAllText(path), path);
        Assert.True(!file.HasErrors, file.Diagnostics.ToString());
        foreach ((ParsedFunction function, DiagnosticBag bag) in Verify(file))
        {
            List<Diagnostic> left = [.. bag.Items];
            foreach ((EntityRef entity, string text) in Announced(function))
            {
                int index = left.FindIndex(item => item.Entity == entity && item.Message.Contains(text, StringComparison.Ordinal));
                Assert.True(index >= 0, $"{path}: {function.Function.Name}: missing {entity}: {text}\nreported:\n{bag}");
                left.RemoveAt(index);
            }

            Assert.True(left.Count == 0, $"{path}: {function.Function.Name}: unexpected {string.Join("; ", left)}");
        }
    }

    private static IEnumerable<(EntityRef Entity, string Text)> Announced(ParsedFunction function)
    {
        foreach (SourceComment comment in function.Comments)
        {
            const string Directive = "error:";
            string text = comment.Text.ToString().TrimStart(';').TrimStart();
            if (text.StartsWith(Directive, StringComparison.Ordinal))
            {
                yield return (comment.Entity, text[Directive.Length..].Trim());
            }
        }
    }

    private static IEnumerable<(ParsedFunction Function, DiagnosticBag Errors)> Verify(ParsedFile file)
    {
        VerifierOptions options = Options(file);
        Verifier verifier = new();
        foreach (ParsedFunction function in file.Functions)
        {
            DiagnosticBag bag = new();
            Assert.Equal(verifier.Verify(function, options, bag), bag.IsEmpty);
            yield return (function, bag);
        }
    }

    // The target is known to the verifier if the file names exactly one.
    private static VerifierOptions Options(ParsedFile file)
    {
        HeaderLine[] targets = [.. file.Settings.Where(line => line.Keyword == "target")];
        IrType pointer = targets.Length != 1 ? default : targets[0].Words[0].StartsWith("pulley32", StringComparison.Ordinal) ? IrType.I32 : IrType.I64;
        HashSet<string> set = [.. file.Settings.Where(line => line.Keyword == "set").SelectMany(line => line.Words)];
        return new()
        {
            PointerType = pointer,
            EnablePinnedReg = set.Overlaps(["enable_pinned_reg", "enable_pinned_reg=true"]),
            PreserveFramePointers = set.Overlaps(["preserve_frame_pointers", "preserve_frame_pointers=true"]),
        };
    }
}
