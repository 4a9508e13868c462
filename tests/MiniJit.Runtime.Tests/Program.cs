// The test program. The framework cannot start where there is no OpenSSL, with which it hashes the names of tests; a .NET program that brings everything else along
// runs there. So there is a second way in, for the tests of one class: MiniJit.Runtime.Tests @plain TrapTests
using System;
using System.Diagnostics;
using System.Reflection;
using Xunit;
using Xunit.MicrosoftTestingPlatform;

namespace MiniJit.Runtime.Tests;

internal static class Program
{
    private const string SkipMark = "$XunitDynamicSkip$";

    private static int Main(string[] args) => args is ["@plain", string name]
        ? RunPlainly(typeof(Program).Assembly.GetType($"{typeof(Program).Namespace}.{name}", throwOnError: true)!)
        : TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions).GetAwaiter().GetResult();

    /// <summary>Runs every fact and theory, each on an instance of its own. The last line counts.</summary>
    private static int RunPlainly(Type tests)
    {
        int passed = 0, failed = 0, skipped = 0;
        foreach (MethodInfo method in tests.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        {
            if (method.GetCustomAttribute<FactAttribute>() is null)
            {
                continue;
            }

            var rows = (InlineDataAttribute[])method.GetCustomAttributes<InlineDataAttribute>();
            for (int i = 0; i < Math.Max(1, rows.Length); i++)
            {
                object?[] arguments = rows.Length == 0 ? [] : rows[i].Data;
                string name = $"{method.Name}({string.Join(", ", arguments)})";
                long start = Stopwatch.GetTimestamp();
                Exception? end = Run(tests, method, arguments);
                string time = $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s";
                if (end is null)
                {
                    passed++;
                    Console.WriteLine($"passed {name} {time}");
                }
                else if (end.Message.StartsWith(SkipMark, StringComparison.Ordinal))
                {
                    skipped++;
                    Console.WriteLine($"skipped {name}: {end.Message[SkipMark.Length..]}");
                }
                else
                {
                    failed++;
                    Console.WriteLine($"failed {name} {time}: {end}");
                }
            }
        }

        Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    private static Exception? Run(Type tests, MethodInfo method, object?[] arguments)
    {
        object? instance = null;
        try
        {
            instance = Activator.CreateInstance(tests);
            method.Invoke(instance, arguments);
            return null;
        }
        catch (TargetInvocationException e)
        {
            return e.InnerException!;
        }
        finally
        {
            (instance as IDisposable)?.Dispose();
        }
    }
}
