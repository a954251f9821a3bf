#!/usr/bin/python3
"""A client that nobody here has written: GNOME's libgovirt, against engine-emu over TLS.

Usage: govirt_client.py ENGINE-EMU ENGINE-EMUCTL MAKE-CA
Ends with 77 where libgovirt or its Python binding is not installed.
"""
import json
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

try:
    import gi

    gi.require_version("GoVirt", "1.0")
    from gi.repository import GLib, GoVirt
except (ImportError, ValueError) as e:
    print("libgovirt is not here: %s" % e)
    sys.exit(77)

LUNS = {"volumes": [{"name": "erp-1", "size": 107374182400, "copies": [
    {"site": "milan", "wwid": "3600a1", "serial": "A1", "lun": 1, "access": "read-write",
     "exposed_to": ["rhv-milan"]}]}]}

SITE = {
    "site": "milan", "time_factor": 0.001,
    "data_centers": [{"id": "d1", "name": "dc"}],
    "clusters": [{"id": "c1", "name": "cl", "data_center": "dc"}],
    "hosts": [{"id": "h1", "name": "host1", "cluster": "cl", "host_group": "rhv-milan"}],
    "storage_domains": [{"id": "sd1-1", "name": "erp", "data_center": "dc", "master": True,
                         "luns": ["3600a1"]}],
    "vms": [{"id": "v%d" % n, "name": "erp%d" % n, "cluster": "cl",
             "disks": [{"id": "k%d" % n, "name": "erp%d" % n, "storage_domain": "sd1-1"}]}
            for n in (1, 2)],
}


def check(what, good):
    if not good:
        raise AssertionError(what)


def write(path, tree):
    with open(path, "w") as f:
        json.dump(tree, f)


class Emulator:
    def __init__(self, folder, program, ctl, make_ca):
        self.folder, self.ctl = folder, ctl
        subprocess.run([make_ca, folder, "milan", "127.0.0.1"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        write(folder + "/site", SITE)
        write(folder + "/luns", LUNS)
        self.process = subprocess.Popen(
            [program, "--config", folder + "/site", "--luns", folder + "/luns", "--cert", folder + "/milan.pem",
             "--key", folder + "/milan.key", "--control", folder + "/ctl", "--die-with-parent"],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        self.context = ssl.create_default_context(cafile=folder + "/ca.pem")

    def url(self, path):
        return "https://127.0.0.1:%d/ovirt-engine%s" % (self.port, path)

    def token(self):
        form = urllib.parse.urlencode({"grant_type": "password", "scope": "ovirt-app-api",
                                       "username": "admin@internal", "password": "secret"})
        request = urllib.request.Request(self.url("/sso/oauth/token"), form.encode(),
                                         {"Accept": "application/json"})
        with urllib.request.urlopen(request, context=self.context) as reply:
            return json.load(reply)["access_token"]

    def control(self, *words):
        out = subprocess.run([self.ctl, self.folder + "/ctl", *words], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out)

    def close(self):
        self.process.terminate()
        check("the emulator ends well", self.process.wait() == 0)
        self.process.stdout.close()


def resources(proxy, collection):
    collection.fetch(proxy)
    return collection.get_resources()


def govirt(emulator, token):
    proxy = GoVirt.Proxy.new("127.0.0.1:%d" % emulator.port)
    proxy.props.sso_token = token
    proxy.props.ssl_ca_file = emulator.folder + "/ca.pem"
    proxy.props.admin = True
    api = proxy.fetch_api()
    check("one data centre", list(resources(proxy, api.get_data_centers())) == ["dc"])
    check("one cluster", list(resources(proxy, api.get_clusters())) == ["cl"])
    check("one host", list(resources(proxy, api.get_hosts())) == ["host1"])
    domains = resources(proxy, api.get_storage_domains())
    check("one domain", domains["erp"].props.guid == "sd1-1")
    check("it is a data domain", int(domains["erp"].props.type) == int(GoVirt.StorageDomainType.DATA))
    vms = resources(proxy, api.get_vms())
    check("two VMs", sorted(vms) == ["erp1", "erp2"])
    found = resources(proxy, api.search_vms("name=erp1"))
    check("the search finds one", list(found) == ["erp1"])
    vm = vms["erp1"]
    check("it is down", int(vm.props.state) == int(GoVirt.VmState.DOWN))
    check("it is started", vm.start(proxy))
    vm.refresh(proxy)
    check("it is not down", int(vm.props.state) != int(GoVirt.VmState.DOWN))
    try:
        vm.start(proxy)
        check("a second start is refused", False)
    except GLib.GError as e:
        check("the reason is told: %s" % e, "VM is running" in str(e))
    check("it is stopped", vm.stop(proxy))
    counters = emulator.control("counters")["counters"]
    check("started once", counters["vm_starts"] == {"v1": 1})


def sdk(emulator, token):
    """What oVirt's own SDKs send: XML both ways, with these headers, empty 404s, faults in the body."""
    def call(method, path, body=None):
        request = urllib.request.Request(emulator.url("/api" + path), body and body.encode(), {
            "Version": "4", "Content-Type": "application/xml", "Accept": "application/xml",
            "Authorization": "Bearer " + token, "User-Agent": "PythonSDK/4.6.2"}, method=method)
        try:
            with urllib.request.urlopen(request, context=emulator.context) as reply:
                return reply.status, ET.fromstring(reply.read())
        except urllib.error.HTTPError as e:
            text = e.read()
            return e.code, ET.fromstring(text) if text else None

    status, root = call("GET", "")
    check("the entry document", status == 200 and root.tag == "api")
    check("its version", root.find("product_info/version/major").text == "4")
    check("its links", "vms" in [link.get("rel") for link in root.findall("link")])
    check("an unknown object", call("GET", "/vms/nobody") == (404, None))
    status, root = call("POST", "/vms/v2/start", "<action>\n  <async>false</async>\n</action>\n")
    check("an action", status == 200 and root.tag == "action" and root.find("status").text == "complete")
    status, root = call("POST", "/vms/v2/start", "<action/>")
    check("a fault inside of one", status == 409 and root.find("fault/detail").text.startswith("["))
    status, root = call("PUT", "/vms/v2", "<vm>\n  <comment>caf\u00e9 &amp; more</comment>\n</vm>\n")
    check("a change", status == 200 and root.find("comment").text == "caf\u00e9 & more")
    status, root = call("GET", "/vms?search=status%21%3Ddown&follow=diskattachments.disk")
    check("a list", root.tag == "vms" and [vm.get("id") for vm in root] == ["v2"])
    status, root = call("POST", "/storagedomains", "<storage_domain><name>x</name></storage_domain>")
    check("a fault at the top", status == 400 and root.tag == "fault" and root.find("reason").text)


def main():
    with tempfile.TemporaryDirectory(prefix="govirt.") as folder:
        emulator = Emulator(folder, *sys.argv[1:4])
        try:
            govirt(emulator, emulator.token())
            sdk(emulator, emulator.token())
        finally:
            emulator.close()


if __name__ == "__main__":
    main()
