System.Console.Out.WriteLine("minijit");
