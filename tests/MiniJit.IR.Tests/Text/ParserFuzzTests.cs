// Mutation fuzzing of the reader: whatever the text, it neither throws nor hangs nor needs memory out of proportion. A failure
// names the seed; MINIJIT_FUZZ_SEED runs another sequence, MINIJIT_FUZZ_MUTANTS a longer one.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using MiniJit.IR.Tests.Support;
using Xunit;

namespace MiniJit.IR.Tests.Text;

public sealed class ParserFuzzTests
{
    private const int LargestFile = 4_000;                     // small files give more mutants for the time
    private const long LargestAllocation = 64 << 20;           // of one mutant: tables at their limits, and what they outgrew
    private static readonly TimeSpan s_slowest = TimeSpan.FromSeconds(5);

    private static readonly string[] s_insertions =
    [
        "v0", "v1", "v1048575", "v2147483646", "v4294967295", "block0", "block1", "block99999", "block100000", "ss0", "sig0", "sig4294967295",
        "fn0", "gv65535", "const0", "const65535", "region0", "region65534", "dt0", "dss0", "tag0", "ret0", "exn1073741823", "u0:1",
        "userextname9", "userextname65535", "=", "->", "(", ")", "{", "}", "[", "]", "<", ">", ",", ".", ":", "*", "@", "@0010", "@ffffffff", "+", "-",
        "-1", "+8", "0xff", "0x1p3", "0x1.0p1", "NaN", "+sNaN:0x1", "Inf", "9999999999999999999999", "i8", "i32", "i64", "i128", "i8x16", "i8x256",
        "i128x256", "f32", "f64x2", "f128", "%f", "%", "\"x\"", "\"", "#ab", ";", "; c\n", "\n", "\r\n", "function", "function %g() {", "test run\n",
        "set x\n", "feature !\"x\"\n", "vmctx", "load.i64 notrap aligned", "symbol", "explicit_slot 4", "stack_limit = gv0", "notrap", "little",
        "big", "cold", "eq", "stack_map=[i32 @ ss0+0]", "user1", "sarg(8)", "context", "default:", "\u00e9", "\ud83d\ude00", "\ud83d", "\0", "\u0007",
    ];

    [Fact]
    public void No_mutant_makes_the_reader_throw_hang_or_hoard_memory()
    {
        ulong seed = Setting("MINIJIT_FUZZ_SEED", 0x5eed);
        int mutants = (int)Setting("MINIJIT_FUZZ_MUTANTS", 200_000);
        List<(string Path, string Text)> corpus = Corpus();
        SplitMix64 random = new(seed);
        Parser parser = new();
        Printer printer = new();
        Function function = new(default);
        Stopwatch watch = new();
        for (int i = 0; i < mutants; i++)
        {
            (string path, string text) = corpus[i % corpus.Count];
            string mutant = Mutate(text, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            watch.Restart();
            try
            {
                parser.Open(new SourceText(path, mutant));
                while (parser.ReadFunction(function))
                {
                    if (!parser.LastFunctionFailed)
                    {
                        printer.Output.Clear();
                        printer.Write(function);               // what was accepted can be printed
                    }
                }
            }
            catch (Exception e)
            {
                Assert.Fail($"mutant {i} of seed {seed}, from {path}: {e}\n{mutant}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(watch.Elapsed < s_slowest, $"mutant {i} of seed {seed}, from {path}, took {watch.Elapsed}\n{mutant}");
            Assert.True(allocated < LargestAllocation, $"mutant {i} of seed {seed}, from {path}, allocated {allocated} bytes\n{mutant}");
        }
    }

    [Fact]
    public void What_an_accepted_mutant_prints_is_read_back_and_printed_the_same()
    {
        ulong seed = Setting("MINIJIT_FUZZ_SEED", 0x5eed);
        List<(string Path, string Text)> corpus = Corpus();
        SplitMix64 random = new(~seed);
        int accepted = 0;
        for (int i = 0; accepted < 2_000; i++)
        {
            (string path, string text) = corpus[i % corpus.Count];
            foreach (ParsedFunction parsed in Parser.Parse(Mutate(text, random)).Functions)
            {
                if (!RoundTrip.HasCanonicalText(parsed.Function))
                {
                    continue;
                }

                RoundTrip.CheckPrinted(parsed.Function, $"mutant {i} of seed {seed}, from {path}");
                accepted++;
            }
        }
    }

    private static ulong Setting(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out ulong value) ? value : otherwise;

    private static List<(string Path, string Text)> Corpus()
    {
        List<(string Path, string Text)> corpus = [("canonical text", PrinterTests.Canonical)];
        foreach (string? directory in (string?[])[Repository.Shared("conformance"), Repository.PathOf("filetests")])
        {
            foreach (string file in directory is null ? [] : Directory.GetFiles(directory, "*.clif", SearchOption.AllDirectories))
            {
                if (new FileInfo(file).Length <= LargestFile)
                {
                    corpus.Add((file, File.ReadAllText(file)));
                }
            }
        }

        corpus.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return corpus;
    }

    // One to four changes, each of a token or of a character; now and then the text is cut off.
    private static string Mutate(string text, SplitMix64 random)
    {
        StringBuilder mutant = new(text);
        for (int changes = 1 + random.Below(4); changes > 0; changes--)
        {
            (int start, int length) = Token(mutant, random);
            string insertion = s_insertions[random.Below(s_insertions.Length)];
            switch (random.Below(8))
            {
                case 0:
                    mutant.Remove(start, length);
                    break;
                case 1:
                    mutant.Insert(start, mutant.ToString(start, length) + " ");
                    break;
                case 2:
                    (int other, int otherLength) = Token(mutant, random);
                    string replacement = mutant.ToString(other, otherLength);
                    mutant.Remove(start, length).Insert(start, replacement);
                    break;
                case 3:
                    mutant.Insert(start, " " + insertion + " ");
                    break;
                case 4:
                    mutant.Remove(start, length).Insert(start, insertion);
                    break;
                case 5:
                    mutant.Remove(start, Math.Min(length, 1));
                    break;
                case 6 when length > 0:
                    mutant[start] = (char)(mutant[start] ^ (1 << random.Below(7)));
                    break;
                case 7 when random.Below(16) == 0:
                    mutant.Length = start;
                    break;
            }
        }

        return mutant.ToString();
    }

    // A word that lies at a random place, or the character there; empty at the end.
    private static (int Start, int Length) Token(StringBuilder text, SplitMix64 random)
    {
        int start = random.Below(text.Length + 1);
        int end = start;
        while (start > 0 && end < text.Length && IsWord(text[end]) && IsWord(text[start - 1]))
        {
            start--;
        }

        while (end < text.Length && IsWord(text[end]))
        {
            end++;
        }

        return (start, start < text.Length ? Math.Max(1, end - start) : 0);
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '%';
}
