package apitest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/client"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/identity"
	"github.com/amanah-id/amanah/internal/web"
)

// rule is who may use a route, written down here a second time and by hand: what web.Access says is what is tested.
type rule struct {
	open  bool   // anybody: the route itself knows no session
	roles string // of staff
	scope string // an API client needs it
	alone bool   // and may then act without a member of staff
	fresh bool   // the second factor was shown within five minutes
}

const everybody = "agent supervisor dpo security auditor admin"

// rules is every route of the house. A new route fails TestEveryRouteIsClosedToEverybodyWhoMustNotUseIt until it has a
// row: before adding one, ask who must not use it, and whose customers it could show.
var rules = map[string]rule{
	"GET /api/v1/interactions/{interaction}/mandates":                   {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/mandates":                  {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/mandates/{mandate}/revoke": {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/mandates/{mandate}/verify": {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/mandates":            {roles: "supervisor dpo", scope: "serve"},
	"GET /mandates":                   {roles: "supervisor dpo"},
	"GET /mandates/{mandate}":         {roles: "supervisor dpo"},
	"POST /mandates/{mandate}/revoke": {roles: "supervisor dpo", fresh: true},
	"POST /calls/{interaction}/representatives/{mandate}/verify": {roles: "agent supervisor"},
	"POST /api/v1/mandates/{mandate}/revoke":                     {roles: "supervisor dpo", scope: "serve", fresh: true},
	"PUT /api/v1/interactions/{interaction}/speaker":             {roles: "agent supervisor", scope: "serve"},
	"GET /calls/{interaction}/representatives":                   {roles: "agent supervisor"},
	"POST /calls/{interaction}/representatives":                  {roles: "agent supervisor"},
	"POST /calls/{interaction}/representatives/{mandate}/revoke": {roles: "agent supervisor"},
	"POST /calls/{interaction}/speaker":                          {roles: "agent supervisor"},

	"GET /api/v1/interactions/{interaction}/contact-changes":                    {roles: "agent supervisor", scope: "serve"},
	"GET /calls/{interaction}/acts":                                             {roles: "agent supervisor"},
	"GET /api/v1/interactions/{interaction}/captures":                           {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/captures":                          {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/captures/end":                      {roles: "agent supervisor", scope: "serve"},
	"GET /calls/{interaction}/capture":                                          {roles: "agent supervisor"},
	"GET /calls/{interaction}/recording":                                        {roles: "agent supervisor"},
	"POST /calls/{interaction}/captures":                                        {roles: "agent supervisor"},
	"POST /calls/{interaction}/capture/leave":                                   {roles: "agent supervisor"},
	"GET /v/change/{token}":                                                     {open: true},
	"POST /api/v1/interactions/{interaction}/collect":                           {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/contact-changes":                   {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/contact-changes/{change}/withdraw": {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/interactions/{interaction}/asks":                               {roles: "agent supervisor", scope: "serve"},
	"GET /v/ask/{token}":                                                        {open: true},
	"POST /api/v1/interactions/{interaction}/asks":                              {roles: "agent supervisor", scope: "serve"},
	"POST /calls/{interaction}/asks":                                            {roles: "agent supervisor"},
	"POST /v/ask/{token}/give":                                                  {open: true},
	"POST /api/v1/interactions/{interaction}/dial":                              {roles: "agent supervisor", scope: "serve"},
	"POST /calls/{interaction}/dial":                                            {roles: "agent supervisor"},
	"POST /calls/{interaction}/collect":                                         {roles: "agent supervisor"},
	"POST /calls/{interaction}/contact-changes":                                 {roles: "agent supervisor"},
	"POST /calls/{interaction}/contact-changes/{change}/withdraw":               {roles: "agent supervisor"},
	"POST /v/change/{token}/stop":                                               {open: true},

	"GET /attacks":                                      {roles: "dpo security auditor"},
	"GET /attacks/{report}":                             {roles: "dpo security auditor"},
	"POST /attacks":                                     {roles: "security auditor", fresh: true},
	"GET /api/v1/attacks":                               {roles: "dpo security auditor", scope: "audit"},
	"GET /api/v1/attacks/{report}":                      {roles: "dpo security auditor", scope: "audit"},
	"POST /api/v1/attacks":                              {roles: "security auditor", fresh: true},
	"GET /alerts":                                       {roles: "dpo security"},
	"GET /alerts/{alert}":                               {roles: "dpo security"},
	"POST /alerts/{alert}/review":                       {roles: "dpo security", fresh: true},
	"GET /api/v1/alerts":                                {roles: "dpo security", scope: "audit"},
	"POST /api/v1/alerts/{alert}/review":                {roles: "dpo security", fresh: true},
	"GET /api/v1/watchlist":                             {roles: "dpo security", scope: "audit"},
	"POST /api/v1/watchlist":                            {roles: "dpo security", fresh: true},
	"POST /api/v1/watchlist/{entry}/remove":             {roles: "dpo security", fresh: true},
	"GET /dlp":                                          {roles: "dpo security"},
	"GET /dlp/incidents/{incident}":                     {roles: "dpo security"},
	"POST /dlp/incidents/{incident}/review":             {roles: "dpo security", fresh: true},
	"POST /dlp/incidents/{incident}/decide":             {roles: "dpo security", fresh: true},
	"POST /api/v1/dlp/incidents/{incident}/decide":      {roles: "dpo security", fresh: true},
	"POST /api/v1/dlp/incidents/{incident}/carried":     {scope: "inspect", alone: true},
	"GET /api/v1/dlp/decided":                           {scope: "inspect", alone: true},
	"GET /dlp/rules":                                    {roles: "dpo security"},
	"POST /dlp/rules":                                   {roles: "dpo security", fresh: true},
	"GET /dlp/mine":                                     {roles: "agent supervisor"},
	"POST /dlp/look":                                    {roles: "agent supervisor"},
	"POST /dlp/mine/{incident}/read":                    {roles: "agent supervisor"},
	"POST /api/v1/dlp/files":                            {scope: "inspect", alone: true},
	"POST /api/v1/dlp/stream":                           {scope: "inspect", alone: true},
	"POST /api/v1/dlp/inspect":                          {scope: "inspect", alone: true},
	"GET /api/v1/dlp/incidents":                         {roles: "dpo security", scope: "audit"},
	"POST /api/v1/dlp/incidents/{incident}/review":      {roles: "dpo security", fresh: true},
	"GET /watchlist":                                    {roles: "dpo security"},
	"POST /watchlist":                                   {roles: "dpo security", fresh: true},
	"GET /watchlist/{entry}":                            {roles: "dpo security"},
	"POST /watchlist/{entry}/remove":                    {roles: "dpo security", fresh: true},
	"POST /api/v1/interactions/{interaction}/four-eyes": {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/raise":     {roles: "agent supervisor", scope: "serve"},
	"POST /calls/{interaction}/second":                  {roles: "agent supervisor"},
	"POST /calls/{interaction}/four-eyes":               {roles: "agent supervisor"},
	"POST /calls/{interaction}/call-back":               {roles: "agent supervisor"},
	"POST /calls/{interaction}/raise":                   {roles: "agent supervisor"},
	"GET /account":                                      {roles: everybody},
	"POST /account/passkeys":                            {roles: everybody, fresh: true},
	"POST /account/passkeys/options":                    {roles: everybody, fresh: true},
	"POST /account/passkeys/{passkey}/remove":           {roles: everybody, fresh: true},
	"POST /account/password":                            {roles: everybody, fresh: true},
	"POST /account/recovery":                            {roles: everybody, fresh: true},
	"POST /account/sessions/end-others":                 {roles: everybody},
	"POST /account/sessions/{session}/end":              {roles: everybody},
	"GET /account/totp":                                 {roles: everybody, fresh: true},
	"POST /account/totp":                                {roles: everybody, fresh: true},
	"GET /account/totp/picture":                         {roles: everybody},
	"GET /api/openapi.json":                             {open: true},
	"GET /api/v1/approvals":                             {roles: "admin dpo security agent supervisor", scope: "approve"},
	"GET /api/v1/approvals/{approval}":                  {roles: "admin dpo security agent supervisor", scope: "approve"},
	"POST /api/v1/approvals/{approval}/approve":         {roles: "admin dpo security agent supervisor", scope: "approve"},
	"POST /api/v1/approvals/{approval}/refuse":          {roles: "admin dpo security agent supervisor", scope: "approve"},
	"GET /api/v1/controllers":                           {roles: everybody, scope: "serve"},
	"POST /api/v1/customers":                            {scope: "import", alone: true},
	"PATCH /api/v1/customers/{customer}":                {scope: "import", alone: true},
	"GET /api/v1/denials":                               {roles: "supervisor dpo security", scope: "audit"},
	"GET /api/v1/denials/{denial}":                      {roles: "supervisor dpo security", scope: "audit"},
	"POST /v/{token}/passkey":                           {open: true},
	"POST /v/{token}/passkey/options":                   {open: true},
	"POST /v/{token}/passkey/remove":                    {open: true},
	"POST /api/v1/interactions/{interaction}/verification/passkeys/revoke":           {roles: "agent supervisor", scope: "verify"},
	"POST /api/v1/interactions/{interaction}/verification/passkeys/{passkey}/revoke": {roles: "agent supervisor", scope: "verify"},
	"POST /calls/{interaction}/passkeys/end":                                         {roles: "agent supervisor"},
	"GET /check":                                                                     {open: true},
	"POST /check":                                                                    {open: true},
	"POST /check/report":                                                             {open: true},
	"GET /check/reported":                                                            {open: true},
	"POST /api/v1/denials/{denial}/review":                                           {roles: "supervisor dpo security", fresh: true},
	"GET /api/v1/fields":                                                             {roles: "admin dpo security auditor supervisor", scope: "serve"},
	"GET /api/v1/imports/{import}":                                                   {scope: "import", alone: true},
	"GET /api/v1/interactions":                                                       {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions":                                                      {roles: "agent supervisor", scope: "interactions", alone: true},
	"POST /api/v1/interactions/events":                                               {scope: "events", alone: true},
	"GET /api/v1/interactions/{interaction}":                                         {roles: "agent supervisor", scope: "interactions", alone: true},
	"POST /api/v1/interactions/{interaction}/accept":                                 {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/compare":                                {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/check":                                  {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/write":                                  {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/messages/dead":                                                      {roles: "supervisor dpo security admin", scope: "serve"},
	"POST /api/v1/messages/{message}/retry":                                          {roles: "supervisor admin", scope: "serve"},
	"GET /outbox/dead":                                                               {roles: "supervisor dpo security admin"},
	"POST /messages/status/{channel}":                                                {open: true},
	"POST /calls/{interaction}/write":                                                {roles: "agent supervisor"},
	"GET /api/v1/interactions/{interaction}/consents":                                {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/consents":                               {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/interactions/{interaction}/customer":                                {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/live":                                                               {roles: "supervisor", scope: "serve"},
	"POST /api/v1/live/alerts/{alert}/settle":                                        {roles: "supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/listen":                                 {roles: "supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/listen/end":                             {roles: "supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/duress":                                 {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/heartbeat":                              {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/move":                                   {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/notes":                                  {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/notes/read":                             {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/purpose":                                {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/refuse":                                 {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/resend":                                 {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/reveal":                                 {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/seal":                                   {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/search":                                 {roles: "agent supervisor", scope: "serve"},
	"PUT /api/v1/interactions/{interaction}/subject":                                 {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/interactions/{interaction}/summary":                                 {roles: "agent supervisor", scope: "serve"},
	"POST /api/v1/interactions/{interaction}/transfer":                               {roles: "agent supervisor", scope: "serve"},
	"GET /api/v1/interactions/{interaction}/verification":                            {roles: "agent supervisor", scope: "verify"},
	"POST /api/v1/interactions/{interaction}/verification/answer":                    {roles: "agent supervisor", scope: "verify"},
	"POST /api/v1/interactions/{interaction}/verification/call-back":                 {roles: "agent supervisor", scope: "verify"},
	"POST /api/v1/interactions/{interaction}/verification/link":                      {roles: "agent supervisor", scope: "verify"},
	"POST /api/v1/interactions/{interaction}/verification/second":                    {roles: "agent supervisor", scope: "verify"},
	"GET /api/v1/log/entries":                                                        {roles: "dpo security auditor", scope: "audit"},
	"GET /api/v1/log/entries/{index}":                                                {roles: "dpo security auditor", scope: "audit"},
	"GET /api/v1/log/health":                                                         {roles: "admin dpo security auditor", scope: "audit"},
	"GET /api/v1/purposes":                                                           {roles: everybody, scope: "serve"},
	"POST /api/v1/purposes":                                                          {roles: "dpo"},
	"GET /api/v1/purposes/{purpose}":                                                 {roles: everybody, scope: "serve"},
	"GET /api/v1/purposes/{purpose}/consents":                                        {roles: "dpo auditor"},
	"GET /api/v1/purposes/{purpose}/notices":                                         {roles: everybody, scope: "serve"},
	"POST /api/v1/purposes/{purpose}/notices":                                        {roles: "dpo", fresh: true},
	"POST /api/v1/purposes/{purpose}/publish":                                        {roles: "dpo", fresh: true},
	"POST /api/v1/purposes/{purpose}/retire":                                         {roles: "dpo", fresh: true},
	"POST /api/v1/sessions":                                                          {open: true},
	"DELETE /api/v1/sessions/current":                                                {roles: everybody, scope: "interactions"},
	"GET /api/v1/sessions/current":                                                   {roles: everybody, scope: "interactions", alone: true},
	"GET /api/v1/subjects/{subject}/consents":                                        {roles: "dpo"},
	"POST /api/v1/subjects/{subject}/consents":                                       {roles: "dpo"},
	"GET /api/v1/telephony/deliveries":                                               {scope: "events", alone: true},
	"POST /api/v1/telephony/deliveries/{delivery}/replay":                            {scope: "events", alone: true},
	"POST /api/v1/telephony/mappings/{mapping}/events":                               {scope: "events", alone: true},
	"GET /telephony":                                                                 {roles: "admin"},
	"POST /telephony/deliveries/{delivery}/replay":                                   {roles: "admin"},
	"POST /telephony/hooks":                                                          {roles: "admin", fresh: true},
	"GET /telephony/hooks/{hook}":                                                    {roles: "admin", fresh: true},
	"POST /telephony/hooks/{hook}/remove":                                            {roles: "admin", fresh: true},
	"POST /telephony/hooks/{hook}/rotate":                                            {roles: "admin", fresh: true},
	"POST /telephony/lines":                                                          {roles: "admin", fresh: true},
	"GET /telephony/lines/{line}":                                                    {roles: "admin", fresh: true},
	"POST /telephony/lines/{line}":                                                   {open: true},
	"POST /telephony/lines/{line}/remove":                                            {roles: "admin", fresh: true},
	"POST /telephony/lines/{line}/rotate":                                            {roles: "admin", fresh: true},
	"GET /approvals":                                                                 {roles: "admin dpo security agent supervisor"},
	"GET /approvals/{approval}":                                                      {roles: "admin dpo security agent supervisor"},
	"POST /approvals/{approval}/approve":                                             {roles: "admin dpo security agent supervisor"},
	"POST /approvals/{approval}/refuse":                                              {roles: "admin dpo security agent supervisor"},
	"POST /approvals/{approval}/withdraw":                                            {roles: "admin dpo security agent supervisor"},
	"GET /calls/{interaction}":                                                       {roles: "agent supervisor"},
	"POST /calls/{interaction}/accept":                                               {roles: "agent supervisor"},
	"POST /calls/{interaction}/answer":                                               {roles: "agent supervisor"},
	"POST /calls/{interaction}/callers":                                              {roles: "agent supervisor"},
	"POST /calls/{interaction}/compare":                                              {roles: "agent supervisor"},
	"GET /calls/{interaction}/transfer":                                              {roles: "agent supervisor"},
	"GET /calls/{interaction}/events":                                                {roles: "agent supervisor"},
	"GET /calls/{interaction}/consents":                                              {roles: "agent supervisor"},
	"POST /calls/{interaction}/consents":                                             {roles: "agent supervisor"},
	"POST /calls/{interaction}/heartbeat":                                            {roles: "agent supervisor"},
	"POST /calls/{interaction}/identify":                                             {roles: "agent supervisor"},
	"POST /calls/{interaction}/link":                                                 {roles: "agent supervisor"},
	"POST /calls/{interaction}/language":                                             {roles: "agent supervisor"},
	"POST /calls/{interaction}/move":                                                 {roles: "agent supervisor"},
	"POST /calls/{interaction}/notes":                                                {roles: "agent supervisor"},
	"POST /calls/{interaction}/notes/read":                                           {roles: "agent supervisor"},
	"POST /calls/{interaction}/purpose":                                              {roles: "agent supervisor"},
	"POST /calls/{interaction}/refuse":                                               {roles: "agent supervisor"},
	"POST /calls/{interaction}/resend":                                               {roles: "agent supervisor"},
	"POST /calls/{interaction}/reveal":                                               {roles: "agent supervisor"},
	"POST /calls/{interaction}/seal":                                                 {roles: "agent supervisor"},
	"POST /calls/{interaction}/search":                                               {roles: "agent supervisor"},
	"POST /calls/{interaction}/transfer":                                             {roles: "agent supervisor"},
	"GET /clients":                                                                   {roles: "dpo security auditor admin"},
	"POST /clients":                                                                  {roles: "admin", fresh: true},
	"GET /clients/new":                                                               {roles: "admin", fresh: true},
	"GET /clients/{client}":                                                          {roles: "dpo security auditor admin"},
	"POST /clients/{client}/key":                                                     {roles: "admin", fresh: true},
	"POST /clients/{client}/revoke":                                                  {roles: "admin dpo security", fresh: true},
	"GET /demo/inbox":                                                                {open: true},
	"GET /denials":                                                                   {roles: "supervisor dpo security"},
	"GET /denials/{denial}":                                                          {roles: "supervisor dpo security"},
	"POST /denials/{denial}/review":                                                  {roles: "supervisor dpo security", fresh: true},
	"GET /desk":                                                                      {roles: "agent supervisor"},
	"GET /desk/events":                                                               {roles: "agent supervisor"},
	"POST /desk/start":                                                               {roles: "agent supervisor"},
	"GET /fields":                                                                    {roles: "admin dpo security auditor supervisor"},
	"GET /healthz":                                                                   {open: true},
	"GET /live":                                                                      {roles: "supervisor"},
	"POST /live/{interaction}/disconnect":                                            {roles: "supervisor"},
	"POST /live/{interaction}/lower":                                                 {roles: "supervisor"},
	"GET /live/decisions":                                                            {roles: "supervisor"},
	"GET /live/events":                                                               {roles: "supervisor"},
	"GET /live/{interaction}":                                                        {roles: "supervisor"},
	"POST /live/decisions/{approval}/approve":                                        {roles: "supervisor"},
	"POST /live/decisions/{approval}/refuse":                                         {roles: "supervisor"},
	"POST /live/alerts/{alert}/settle":                                               {roles: "supervisor"},
	"POST /live/{interaction}/listen":                                                {roles: "supervisor"},
	"POST /live/{interaction}/listen/end":                                            {roles: "supervisor"},
	"POST /calls/{interaction}/awake":                                                {roles: "agent supervisor"},
	"GET /consents":                                                                  {roles: "dpo"},
	"GET /log":                                                                       {roles: "dpo security auditor"},
	"GET /log/entry":                                                                 {roles: "dpo security auditor"},
	"GET /log/health":                                                                {roles: "admin dpo security auditor"},
	"GET /log/proof":                                                                 {roles: "dpo security auditor"},
	"POST /log/sign":                                                                 {roles: "admin dpo security auditor"},
	"GET /metrics":                                                                   {open: true},
	"GET /outbox":                                                                    {roles: "supervisor dpo security admin"},
	"POST /outbox/{message}/retry":                                                   {roles: "supervisor admin"},
	"POST /preferences":                                                              {open: true},
	"GET /problems/{code}":                                                           {open: true},
	"GET /purposes":                                                                  {roles: everybody},
	"POST /purposes":                                                                 {roles: "dpo"},
	"GET /purposes/{purpose}":                                                        {roles: everybody},
	"GET /subjects/{subject}/consents":                                               {roles: "dpo"},
	"GET /purposes/{purpose}/consents":                                               {roles: "dpo auditor"},
	"POST /purposes/{purpose}/notices":                                               {roles: "dpo", fresh: true},
	"POST /purposes/{purpose}/publish":                                               {roles: "dpo", fresh: true},
	"POST /purposes/{purpose}/retire":                                                {roles: "dpo", fresh: true},
	"POST /purposes/{purpose}/revise":                                                {roles: "dpo", fresh: true},
	"GET /readyz":                                                                    {open: true},
	"GET /rules":                                                                     {roles: everybody},
	"GET /setup":                                                                     {open: true},
	"POST /setup":                                                                    {open: true},
	"GET /sign-in":                                                                   {open: true},
	"POST /sign-in":                                                                  {open: true},
	"GET /sign-in/second":                                                            {open: true},
	"POST /sign-in/second":                                                           {open: true},
	"POST /sign-in/second/options":                                                   {open: true},
	"POST /sign-out":                                                                 {roles: everybody},
	"GET /staff":                                                                     {roles: "supervisor dpo security auditor admin"},
	"POST /staff":                                                                    {roles: "admin", fresh: true},
	"GET /staff/new":                                                                 {roles: "admin", fresh: true},
	"GET /staff/{staff}":                                                             {roles: "supervisor dpo security auditor admin"},
	"POST /staff/{staff}/code":                                                       {roles: "supervisor dpo security", fresh: true},
	"POST /staff/{staff}/disable":                                                    {roles: "admin dpo security", fresh: true},
	"POST /staff/{staff}/enable":                                                     {roles: "admin", fresh: true},
	"POST /staff/{staff}/link":                                                       {roles: "admin", fresh: true},
	"POST /staff/{staff}/role":                                                       {roles: "admin", fresh: true},
	"GET /static/{file...}":                                                          {open: true},
	"GET /step-up":                                                                   {roles: everybody},
	"POST /step-up":                                                                  {roles: everybody},
	"POST /step-up/options":                                                          {roles: everybody},
	"GET /subjects/{subject}/trail":                                                  {roles: "dpo security auditor"},
	"GET /v/{token}":                                                                 {open: true},
	"POST /v/{token}/answer":                                                         {open: true},
	"POST /v/{token}/open":                                                           {open: true},
	"GET /v/notice/{token}":                                                          {open: true},
	"POST /v/notice/{token}/stop":                                                    {open: true},
	"GET /welcome/{token}":                                                           {open: true},
	"POST /welcome/{token}":                                                          {open: true},
	"POST /welcome/{token}/options":                                                  {open: true},
	"GET /welcome/{token}/picture":                                                   {open: true},
	"GET /{$}":                                                                       {open: true},
	"DELETE /scim/v2/Groups/{group}":                                                 {scope: "scim", alone: true},
	"DELETE /scim/v2/Users/{user}":                                                   {scope: "scim", alone: true},
	"GET /scim/v2/Groups":                                                            {scope: "scim", alone: true},
	"GET /scim/v2/Groups/{group}":                                                    {scope: "scim", alone: true},
	"GET /scim/v2/ResourceTypes":                                                     {scope: "scim", alone: true},
	"GET /scim/v2/ResourceTypes/{type}":                                              {scope: "scim", alone: true},
	"GET /scim/v2/Schemas":                                                           {scope: "scim", alone: true},
	"GET /scim/v2/Schemas/{schema}":                                                  {scope: "scim", alone: true},
	"GET /scim/v2/ServiceProviderConfig":                                             {scope: "scim", alone: true},
	"GET /scim/v2/Users":                                                             {scope: "scim", alone: true},
	"GET /scim/v2/Users/{user}":                                                      {scope: "scim", alone: true},
	"GET /scim/v2/{unknown...}":                                                      {scope: "scim", alone: true},
	"PATCH /scim/v2/Groups/{group}":                                                  {scope: "scim", alone: true},
	"PATCH /scim/v2/Users/{user}":                                                    {scope: "scim", alone: true},
	"POST /scim/v2/Groups":                                                           {scope: "scim", alone: true},
	"POST /scim/v2/Users":                                                            {scope: "scim", alone: true},
	"PUT /scim/v2/Groups/{group}":                                                    {scope: "scim", alone: true},
	"PUT /scim/v2/Users/{user}":                                                      {scope: "scim", alone: true},
	"GET /switch":                                                                    {roles: everybody},
	"POST /sign-in/passkey":                                                          {open: true},
	"POST /sign-in/passkey/options":                                                  {open: true},
	"POST /sign-in/leave":                                                            {open: true},
}

// stale is every route that changes something for a session whose second factor is old, under the reason why it may.
// Whatever else changes something is for a fresh one, or stands here: TestWhatChangesSomethingWantsAFreshSecondFactorOrSaysWhyNot.
var stale = map[string][]string{
	"it is asked for a text's sake and opens nothing, or says that one's own was read": {"POST /api/v1/dlp/inspect", "POST /api/v1/dlp/files", "POST /api/v1/dlp/stream", "POST /api/v1/dlp/incidents/{incident}/carried", "POST /dlp/mine/{incident}/read", "POST /dlp/look"},
	"it makes the session, shows the second factor, or sets the first one; it asks for what it needs itself": {
		"POST /api/v1/sessions", "POST /setup", "POST /sign-in", "POST /sign-in/second", "POST /sign-in/second/options", "POST /sign-in/passkey", "POST /sign-in/passkey/options", "POST /step-up", "POST /step-up/options",
		"POST /welcome/{token}", "POST /welcome/{token}/options",
	},
	"it only takes rights away, and must not wait for anything": {
		"DELETE /api/v1/sessions/current", "POST /sign-out", "POST /sign-in/leave", "POST /account/sessions/end-others", "POST /account/sessions/{session}/end",
		"POST /live/{interaction}/disconnect", "POST /live/{interaction}/lower", "POST /approvals/{approval}/withdraw",
		"POST /live/{interaction}/listen/end", "POST /api/v1/interactions/{interaction}/listen/end", "POST /calls/{interaction}/awake", "POST /api/v1/interactions/{interaction}/duress", "POST /api/v1/interactions/{interaction}/captures/end", "POST /calls/{interaction}/capture/leave",
	},
	"the kind of decision says what it wants: all there are want a fresh one, and the approval checks it in its transaction": {
		"POST /api/v1/approvals/{approval}/approve", "POST /api/v1/approvals/{approval}/refuse", "POST /approvals/{approval}/approve", "POST /approvals/{approval}/refuse",
		"POST /live/decisions/{approval}/approve", "POST /live/decisions/{approval}/refuse",
	},
	"a supervisor's work beside a call, second by second; it opens no value, has a reason and an entry, and the gravest needs a second supervisor": {
		"POST /live/{interaction}/listen", "POST /api/v1/interactions/{interaction}/listen", "POST /live/alerts/{alert}/settle", "POST /api/v1/live/alerts/{alert}/settle",
	},
	"an agent's work in a call, second by second: the gate decides on level, purpose and budget, and the budget bounds what an open desk can give away": {
		"POST /api/v1/interactions", "POST /api/v1/interactions/{interaction}/accept", "POST /api/v1/interactions/{interaction}/compare", "POST /api/v1/interactions/{interaction}/consents", "POST /api/v1/interactions/{interaction}/collect", "POST /api/v1/interactions/{interaction}/dial", "POST /api/v1/interactions/{interaction}/asks", "POST /api/v1/interactions/{interaction}/captures", "POST /calls/{interaction}/captures",
		"POST /api/v1/interactions/{interaction}/contact-changes", "POST /api/v1/interactions/{interaction}/contact-changes/{change}/withdraw",
		"POST /api/v1/interactions/{interaction}/heartbeat", "POST /api/v1/interactions/{interaction}/move", "POST /api/v1/interactions/{interaction}/notes", "POST /api/v1/interactions/{interaction}/notes/read",
		"POST /api/v1/interactions/{interaction}/purpose", "POST /api/v1/interactions/{interaction}/refuse", "POST /api/v1/interactions/{interaction}/resend", "POST /api/v1/interactions/{interaction}/reveal",
		"POST /api/v1/interactions/{interaction}/mandates", "POST /api/v1/interactions/{interaction}/mandates/{mandate}/revoke", "PUT /api/v1/interactions/{interaction}/speaker",
		"POST /api/v1/interactions/{interaction}/mandates/{mandate}/verify", "POST /calls/{interaction}/representatives/{mandate}/verify",
		"POST /calls/{interaction}/representatives", "POST /calls/{interaction}/representatives/{mandate}/revoke", "POST /calls/{interaction}/speaker",
		"POST /api/v1/interactions/{interaction}/check", "POST /api/v1/interactions/{interaction}/write", "POST /calls/{interaction}/write",
		"POST /api/v1/interactions/{interaction}/seal", "POST /api/v1/interactions/{interaction}/search", "PUT /api/v1/interactions/{interaction}/subject", "POST /api/v1/interactions/{interaction}/transfer",
		"POST /api/v1/interactions/{interaction}/verification/answer", "POST /api/v1/interactions/{interaction}/verification/link",
		"POST /api/v1/interactions/{interaction}/verification/call-back", "POST /api/v1/interactions/{interaction}/verification/passkeys/revoke", "POST /api/v1/interactions/{interaction}/verification/passkeys/{passkey}/revoke", "POST /calls/{interaction}/passkeys/end", "POST /api/v1/interactions/{interaction}/verification/second",
		"POST /calls/{interaction}/accept", "POST /calls/{interaction}/answer", "POST /calls/{interaction}/callers", "POST /calls/{interaction}/compare", "POST /calls/{interaction}/consents", "POST /calls/{interaction}/collect", "POST /calls/{interaction}/dial", "POST /calls/{interaction}/asks",
		"POST /calls/{interaction}/contact-changes", "POST /calls/{interaction}/contact-changes/{change}/withdraw",
		"POST /calls/{interaction}/heartbeat", "POST /calls/{interaction}/identify", "POST /calls/{interaction}/language", "POST /calls/{interaction}/link", "POST /calls/{interaction}/move", "POST /calls/{interaction}/notes",
		"POST /calls/{interaction}/notes/read", "POST /calls/{interaction}/purpose", "POST /calls/{interaction}/refuse", "POST /calls/{interaction}/resend",
		"POST /calls/{interaction}/reveal", "POST /calls/{interaction}/seal", "POST /calls/{interaction}/search", "POST /calls/{interaction}/transfer", "POST /desk/start",
	},
	"a machine's: no person is there to show a factor": {"POST /api/v1/customers", "PATCH /api/v1/customers/{customer}", "POST /api/v1/interactions/events", "POST /api/v1/telephony/mappings/{mapping}/events", "POST /telephony/lines/{line}",
		"POST /scim/v2/Users", "PUT /scim/v2/Users/{user}", "PATCH /scim/v2/Users/{user}", "DELETE /scim/v2/Users/{user}",
		"POST /scim/v2/Groups", "PUT /scim/v2/Groups/{group}", "PATCH /scim/v2/Groups/{group}", "DELETE /scim/v2/Groups/{group}"},
	"a draft gives nothing before it is published":                                                                   {"POST /api/v1/purposes", "POST /purposes"},
	"it records the customer's own word with its proof, one customer at a time, and a withdrawal must count at once": {"POST /api/v1/subjects/{subject}/consents"},
	"it repeats or signs what was decided, and gives nobody anything new":                                            {"POST /outbox/{message}/retry", "POST /api/v1/messages/{message}/retry", "POST /log/sign", "POST /telephony/deliveries/{delivery}/replay", "POST /api/v1/telephony/deliveries/{delivery}/replay"},
	"a provider's: its signature over the report is the proof, and a report only says what became of a message":      {"POST /messages/status/{channel}"},
	"the customer's own page: the signed link is the proof":                                                          {"POST /v/{token}/passkey", "POST /v/{token}/passkey/options", "POST /v/{token}/passkey/remove", "POST /v/{token}/answer", "POST /v/{token}/open", "POST /v/notice/{token}/stop", "POST /v/change/{token}/stop", "POST /v/ask/{token}/give"},
	"anybody's, without an account: it answers about a code, and what it reports only ends a call":                   {"POST /check", "POST /check/report"},
	"it counts what the exchange reported, and nobody's word":                                                        {"POST /calls/{interaction}/call-back"},
	"it asks a supervisor, who decides":                                                                              {"POST /calls/{interaction}/second", "POST /calls/{interaction}/four-eyes", "POST /calls/{interaction}/raise", "POST /api/v1/interactions/{interaction}/four-eyes", "POST /api/v1/interactions/{interaction}/raise"},
	"how the reader's own screen looks":                                                                              {"POST /preferences"},
}

func TestWhatChangesSomethingWantsAFreshSecondFactorOrSaysWhyNot(t *testing.T) {
	w := open(t, "")
	reasons := map[string]string{}
	for why, patterns := range stale {
		for _, p := range patterns {
			if reasons[p] != "" {
				t.Errorf("%s stands under two reasons", p)
			}
			reasons[p] = why
		}
	}
	for _, r := range w.Web.Routes() {
		if r.Method == "GET" {
			continue
		}
		switch why := reasons[r.Pattern]; {
		case r.Access.Fresh && why != "":
			t.Errorf("%s wants a fresh second factor; the table says that it does not, for %s", r.Pattern, why)
		case !r.Access.Fresh && why == "":
			t.Errorf("%s changes something with an old second factor, and nobody says why it may", r.Pattern)
		}
		delete(reasons, r.Pattern)
	}
	for p := range reasons {
		t.Errorf("%s is in the table and not in the house", p)
	}
}

// path fills a pattern with ids of nobody.
func path(pattern string) (method, target string) {
	method, target, _ = strings.Cut(pattern, " ")
	for _, fill := range [][2]string{
		{"{interaction}", id.New(id.Interaction)}, {"{subject}", id.New(id.Subject)}, {"{customer}", id.New(id.Subject)}, {"{purpose}", id.New(id.Purpose)},
		{"{staff}", id.New(id.Staff)}, {"{client}", id.New(id.Client)}, {"{approval}", id.New(id.Approval)}, {"{session}", id.New(id.Session)},
		{"{import}", "imp_00000000000000000000000000"}, {"{passkey}", "psk_00000000000000000000000000"}, {"{message}", "msg_00000000000000000000000000"},
		{"{denial}", id.New(id.Verification)}, {"{mandate}", id.New(id.Mandate)}, {"{line}", "lin_00000000000000000000000000"}, {"{hook}", "hok_00000000000000000000000000"}, {"{delivery}", "evt_00000000000000000000000000"}, {"{mapping}", "amazon-connect"},
		{"{token}", strings.Repeat("A", 43)}, {"{index}", "0"}, {"{code}", "web.denied"}, {"{file...}", "none.css"}, {"{$}", ""},
	} {
		target = strings.ReplaceAll(target, fill[0], fill[1])
	}
	return method, target
}

// caller is somebody at the desk.
type caller struct {
	name   string
	role   string // of staff; "" for others
	key    string // bearer
	cookie string
	scopes []string // of an API client; nil for others
	nobody bool     // nothing that was shown is good
	script bool     // asks as the console's script does, for a part of a page
}

// ask sends a request of the caller to a route. An event stream is read no further than its head.
func (w *world) ask(c caller, method, target, body string) response {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, w.server.URL+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.cookie != "" {
		r.AddCookie(&http.Cookie{Name: identity.CookieName, Value: c.cookie})
	}
	if c.script {
		r.Header.Set("Amanah-Fragment", "1")
	}
	media := "application/x-www-form-urlencoded"
	if strings.HasPrefix(target, "/api/") {
		media = "application/json"
	}
	if target == "/api/v1/interactions/events" {
		media = "application/cloudevents+json"
	}
	if body != "" || method != "GET" {
		r.Header.Set("Content-Type", media)
	}
	if strings.HasSuffix(target, "/events") && method == "GET" {
		a, err := w.http().Do(r)
		if err != nil {
			w.t.Fatal(err)
		}
		cancel()
		_ = a.Body.Close()
		return response{a.StatusCode, a.Header, ""}
	}
	return w.roundTrip(r)
}

// away reports whether an answer sends somebody without a session to the sign-in, or says 401.
func away(r response) bool {
	return r.status == 401 || r.status == 303 && strings.HasPrefix(r.header.Get("Location"), "/sign-in")
}

// scopes are all that an API client can be given.
var scopes = []string{"interactions", "events", "import", "audit", "serve", "verify", "approve"}

// crowd is one of everybody.
func (w *world) crowd() []caller {
	w.t.Helper()
	var out []caller
	for _, role := range actor.Roles() {
		w.signIn(w.hire(string(role), role))
	}
	gone := w.signIn(w.hire("gone", actor.Agent))
	w.sleep(31 * time.Second) // a code is good once
	for _, role := range actor.Roles() {
		p := w.browse(w.people[string(role)])
		out = append(out, caller{name: string(role), role: string(role), key: p.token, cookie: p.cookie})
	}
	w.browse(gone)
	if r := w.console(w.people["admin"]).do("POST", "/staff/"+gone.id+"/disable", url.Values{}); r.status != 303 {
		w.t.Fatalf("disabling: %d %.800s", r.status, r.body)
	}
	out = append(out,
		caller{name: "nobody", nobody: true},
		caller{name: "a made-up token", key: gone.token[:len(gone.token)-4] + "AAAA", cookie: strings.Repeat("A", 43), nobody: true},
		caller{name: "somebody disabled", key: gone.token, cookie: gone.cookie, nobody: true},
		caller{name: "a cookie as bearer", key: w.people["agent"].cookie, cookie: w.people["agent"].token, nobody: true},
	)
	_, key := w.machine("every scope", []string{w.toko}, scopes...)
	out = append(out, caller{name: "an API client alone", key: key, scopes: scopes})
	for _, without := range scopes {
		rest := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == without })
		_, key := w.machine("no "+without, []string{w.toko}, rest...)
		out = append(out, caller{name: "an API client without " + without, key: key, scopes: rest})
	}
	return out
}

func TestEveryRouteIsClosedToEverybodyWhoMustNotUseIt(t *testing.T) {
	w := open(t, "")
	crowd := w.crowd()
	known := map[string]bool{}
	var routes []web.Route
	for _, r := range w.Web.Routes() {
		known[r.Pattern] = true
		if _, ok := rules[r.Pattern]; !ok {
			t.Errorf("%s (of %s) has no row in the table: who must not use it?", r.Pattern, r.Room)
			continue
		}
		routes = append(routes, r)
	}
	for pattern := range rules {
		if !known[pattern] {
			t.Errorf("%s is in the table and not in the house", pattern)
		}
	}
	// What ends the caller's own sessions is asked for last.
	ending := []string{"POST /sign-out", "DELETE /api/v1/sessions/current", "POST /account/sessions/end-others"}
	slices.SortStableFunc(routes, func(a, b web.Route) int {
		return slices.Index(ending, a.Pattern) - slices.Index(ending, b.Pattern)
	})
	asked := 0
	for _, route := range routes {
		want := rules[route.Pattern]
		method, target := path(route.Pattern)
		for _, c := range crowd {
			if slices.Contains(ending, route.Pattern) && (c.role != "" || c.nobody && c.name != "nobody") {
				continue // would end the session of the one who may; the refusals are those of every route
			}
			if !route.API {
				c.key = "" // a page knows cookies only; see below for the reverse
			} else {
				c.cookie = ""
			}
			if c.scopes != nil && !route.API {
				continue
			}
			asked++
			r := w.ask(c, method, target, "")
			denied := r.status == 403 && (strings.Contains(r.body, "web.denied") || strings.HasSuffix(target, "/events") && method == "GET")
			gone := r.status == 401 && strings.Contains(r.body, "web.session") || r.status == 303 && away(r)
			who := fmt.Sprintf("%s by %s: %d", route.Pattern, c.name, r.status)
			switch {
			case r.status >= 500 && r.status != 503:
				t.Errorf("%s: a defect\n%.300s", who, r.body)
			case want.open:
				if away(r) && r.header.Get("Location") == "" && target != "/api/v1/sessions" && !strings.HasPrefix(target, "/sign-in") || denied {
					t.Errorf("%s: it is open to all", who)
				}
			case c.nobody:
				if !away(r) {
					t.Errorf("%s: must be sent away", who)
				}
			case c.scopes != nil:
				if may := want.alone && slices.Contains(c.scopes, want.scope); may == denied || gone {
					t.Errorf("%s: may %t, denied %t\n%.300s", who, may, denied, r.body)
				}
			default:
				may := slices.Contains(strings.Fields(want.roles), c.role)
				if may == denied || gone || !may && r.status != 403 {
					t.Errorf("%s: may %t, denied %t\n%.300s", who, may, denied, r.body)
				}
			}
			if strings.Contains(r.text(), password) {
				t.Errorf("%s answers with a password", who)
			}
		}
		w.sleep(60 * time.Millisecond) // keeps the callers below their limits
	}
	t.Logf("%d routes, %d requests", len(routes), asked)

	// A session for programs is no cookie and opens no page; a key opens none.
	for _, c := range crowd {
		if c.nobody || c.key == "" {
			continue
		}
		if r := w.ask(caller{key: c.key}, "GET", "/account", ""); r.status == 200 && c.scopes != nil {
			t.Errorf("a page opened to the key of %s", c.name)
		}
	}
	w.verified()

	// The second factor of some is no longer fresh, then all sessions are over.
	w.sleep(11 * time.Minute)
	for _, c := range crowd {
		if c.role == "" {
			continue
		}
		for _, route := range routes {
			want := rules[route.Pattern]
			if !want.fresh || !slices.Contains(strings.Fields(want.roles), c.role) {
				continue
			}
			method, target := path(route.Pattern)
			if route.API {
				if r := w.ask(caller{key: c.key}, method, target, ""); r.status != 401 || !strings.Contains(r.body, "web.second_factor") {
					t.Errorf("%s by %s with an old second factor: %d\n%.300s", route.Pattern, c.name, r.status, r.body)
				}
				continue
			}
			r := w.ask(caller{cookie: c.cookie}, method, target, "")
			if method == "POST" { // what was typed is held on the page that asks for the factor
				if r.status != 401 || !strings.Contains(r.body, `action="/step-up"`) || !strings.Contains(r.body, `name="held"`) {
					t.Errorf("%s by %s with an old second factor: %d\n%.300s", route.Pattern, c.name, r.status, r.body)
				}
				continue
			}
			if r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), "/step-up") {
				t.Errorf("%s by %s with an old second factor: %d %s", route.Pattern, c.name, r.status, r.header.Get("Location"))
			}
			w.sleep(60 * time.Millisecond)
		}
	}
	w.sleep(16 * time.Minute)
	for _, c := range crowd {
		if c.role == "" {
			continue
		}
		for _, route := range routes {
			if want := rules[route.Pattern]; want.open || c.role != "agent" && c.role != "dpo" {
				continue
			}
			over := caller{cookie: c.cookie}
			if route.API {
				over = caller{key: c.key}
			}
			method, target := path(route.Pattern)
			if r := w.ask(over, method, target, ""); !away(r) {
				t.Errorf("%s by %s whose session is over: %d", route.Pattern, c.name, r.status)
			}
		}
	}
	w.verified()
}

// bodies are requests that are right in every way but one: they are sent by somebody else. What is not listed here has
// no body.
func bodies(w *world, subject, colleague string) map[string]string {
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	purpose, complaint := w.purpose("order_status"), w.purpose("complaint")
	return map[string]string{
		"POST /api/v1/interactions/{interaction}/four-eyes":           `{"reason":"menanyakan pesanan"}`,
		"POST /api/v1/interactions/{interaction}/raise":               `{"reason":"antrean panjang"}`,
		"POST /calls/{interaction}/second":                            form("reason", "menanyakan pesanan"),
		"POST /calls/{interaction}/four-eyes":                         form("reason", "menanyakan pesanan"),
		"POST /calls/{interaction}/raise":                             form("reason", "antrean panjang"),
		"POST /live/{interaction}/listen":                             form("reason", "mutu"),
		"POST /api/v1/interactions/{interaction}/compare":             `{"field":"phone","said":"` + phone(1) + `"}`,
		"POST /api/v1/interactions/{interaction}/check":               `{"text":"Baik."}`,
		"POST /api/v1/interactions/{interaction}/write":               `{"field":"email","text":"Baik."}`,
		"POST /calls/{interaction}/write":                             form("to", "email", "text", "Baik."),
		"POST /api/v1/interactions/{interaction}/collect":             `{"field":"address","value":"Jalan Lain 1"}`,
		"POST /api/v1/interactions/{interaction}/asks":                `{"field":"address"}`,
		"POST /api/v1/interactions/{interaction}/captures":            `{"field":"nik"}`,
		"POST /calls/{interaction}/captures":                          form("field", "nik"),
		"POST /api/v1/interactions/{interaction}/dial":                `{"field":"phone"}`,
		"POST /api/v1/interactions/{interaction}/contact-changes":     `{"field":"email","value":"lain@contoh.example"}`,
		"POST /api/v1/interactions/{interaction}/consents":            `{"purpose":"` + w.purpose("marketing") + `","what":"granted"}`,
		"POST /api/v1/interactions/{interaction}/move":                `{"move":"disconnect"}`,
		"POST /api/v1/interactions/{interaction}/notes":               `{"text":"catatan orang lain"}`,
		"POST /api/v1/interactions/{interaction}/purpose":             `{"purpose":"` + complaint + `"}`,
		"POST /api/v1/interactions/{interaction}/refuse":              `{"reason":"suspicious"}`,
		"POST /api/v1/interactions/{interaction}/resend":              `{"field":"email"}`,
		"POST /api/v1/interactions/{interaction}/reveal":              `{"fields":["name"],"reason":"ingin tahu"}`,
		"POST /api/v1/interactions/{interaction}/seal":                `{"disposition":"resolved"}`,
		"POST /api/v1/interactions/{interaction}/search":              `{"by":"phone","value":"` + phone(1) + `"}`,
		"PUT /api/v1/interactions/{interaction}/subject":              `{"subject":"` + subject + `"}`,
		"POST /api/v1/interactions/{interaction}/transfer":            `{"to":"` + colleague + `"}`,
		"POST /api/v1/interactions/{interaction}/verification/answer": `{"kind":"last_payment","said":"150000"}`,
		"POST /api/v1/interactions/{interaction}/verification/link":   `{}`,
		"POST /api/v1/interactions/{interaction}/verification/second": `{"reason":"the address is to change"}`,
		"POST /api/v1/subjects/{subject}/consents":                    `{"purpose":"` + w.purpose("marketing") + `","what":"withdrawn","channel":"paper"}`,
		"POST /api/v1/purposes/{purpose}/notices":                     `{"text":{"id":"` + strings.Repeat("pemberitahuan ", 9) + `","en":"` + strings.Repeat("notice ", 9) + `"}}`,
		"POST /api/v1/denials/{denial}/review":                        `{"reason":"sudah ditelusuri"}`,
		"POST /denials/{denial}/review":                               form("reason", "sudah ditelusuri"),
		"PATCH /api/v1/customers/{customer}":                          `{"purpose":"` + w.purpose("registration") + `","values":[{"field":"name","value":"Diganti Orang"}]}`,
		"POST /calls/{interaction}/answer":                            form("question", "last_payment", "said", "150000"),
		"POST /calls/{interaction}/compare":                           form("field", "phone", "said", phone(1)),
		"POST /calls/{interaction}/language":                          form("language", "en"),
		"POST /calls/{interaction}/collect":                           form("field", "address", "value", "Jalan Lain 1"),
		"POST /calls/{interaction}/asks":                              form("field", "address"),
		"POST /calls/{interaction}/dial":                              form("field", "phone"),
		"POST /calls/{interaction}/contact-changes":                   form("contact", "email", "value", "lain@contoh.example"),
		"POST /calls/{interaction}/consents":                          form("purpose", w.purpose("marketing"), "notice", "1", "what", "granted"),
		"POST /calls/{interaction}/identify":                          form("subject", subject),
		"POST /calls/{interaction}/move":                              form("move", "disconnect"),
		"POST /calls/{interaction}/notes":                             form("text", "catatan orang lain"),
		"POST /calls/{interaction}/purpose":                           form("purpose", complaint),
		"POST /calls/{interaction}/refuse":                            form("reason", "suspicious"),
		"POST /calls/{interaction}/resend":                            form("field", "email"),
		"POST /calls/{interaction}/reveal":                            form("field", "name", "reason", "ingin tahu"),
		"POST /calls/{interaction}/seal":                              form("disposition", "resolved"),
		"POST /calls/{interaction}/search":                            form("by", "phone", "value", phone(1)),
		"POST /calls/{interaction}/transfer":                          form("to", colleague),
		"POST /purposes/{purpose}/notices":                            form("text_id", strings.Repeat("pemberitahuan ", 9), "text_en", strings.Repeat("notice ", 9)),

		"POST /api/v1/interactions/{interaction}/mandates":                  `{"kind":"assistant","name":"Dewi","until":"` + w.now().AddDate(0, 1, 0).Format(time.DateOnly) + `","format":"slow"}`,
		"POST /api/v1/interactions/{interaction}/mandates/{mandate}/revoke": `{"why":"dispute"}`,
		"POST /api/v1/mandates/{mandate}/revoke":                            `{"why":"dispute"}`,
		"POST /mandates/{mandate}/revoke":                                   form("why", "dispute"),
		"POST /api/v1/interactions/{interaction}/mandates/{mandate}/verify": `{"reason":"asli diperlihatkan"}`,
		"POST /calls/{interaction}/representatives/{mandate}/verify":        form("reason", "asli diperlihatkan"),
		"PUT /api/v1/interactions/{interaction}/speaker":                    `{"mandate":""}`,
		"POST /calls/{interaction}/representatives":                         form("kind", "assistant", "name", "Dewi", "until", w.now().AddDate(0, 1, 0).Format(time.DateOnly), "format", "slow"),
		"POST /calls/{interaction}/representatives/{mandate}/revoke":        form("why", "dispute"),
		"POST /calls/{interaction}/speaker":                                 form("mandate", ""),
		"POST /purposes/{purpose}/revise": form("name_id", "Nama", "name_en", "Name", "script_id", "Selamat datang di {company}, dengan {agent}.", "script_en",
			"Welcome to {company}, {agent} speaking.", "use", "reveal:name"),
		"": purpose,
	}
}

// TestAnotherPersonsCallAndAnotherCompanysCustomerStayClosed asks for real things by the ids of real things, as
// everybody whose they are not: a colleague, the supervisor, and the other company's agent, supervisor and DPO.
func TestAnotherPersonsCallAndAnotherCompanysCustomerStayClosed(t *testing.T) {
	w := open(t, "")
	ctx := t.Context()
	importer, _ := w.machine("CRM", []string{w.toko}, "import")
	subject := w.customer(importer, w.toko, 1)
	owner := w.agent("owner")
	strangers := []*person{
		w.signIn(w.hire("colleague", actor.Agent)), w.signIn(w.hire("supervisor", actor.Supervisor)),
		w.signIn(w.hire("bank-agent", actor.Agent, w.bank)), w.signIn(w.hire("bank-supervisor", actor.Supervisor, w.bank)),
		w.signIn(w.hire("bank-dpo", actor.DPO, w.bank)), w.signIn(w.hire("bank-auditor", actor.Auditor, w.bank)), w.signIn(w.hire("bank-security", actor.Security, w.bank)),
	}
	watch := w.signIn(w.hire("security", actor.Security))
	w.sleep(31 * time.Second)
	for _, p := range strangers {
		w.browse(p)
	}
	_, foreign := w.machine("bank's CRM", []string{w.bank}, scopes...)
	denied := w.denied(owner, 1)
	itx := w.serving(owner, 1)
	if _, err := owner.Resend(ctx, itx, "email", ""); err != nil {
		t.Fatal(err)
	}
	shown, err := owner.Reveal(ctx, itx, client.Reveal{Fields: []string{"name"}, Reason: "menyapa"})
	w.must(err)
	origin, disclosed := w.Log.Origin(), shown.Receipt.Leaf
	purpose := w.purpose("order_status")
	fill := strings.NewReplacer("{interaction}", itx, "{subject}", subject, "{customer}", subject, "{purpose}", purpose, "{mandate}", id.New(id.Mandate), "{denial}", denied)
	body := bodies(w, subject, w.people["colleague"].id)
	body["POST /api/v1/interactions/{interaction}/listen"] = `{"reason":"mutu"}`
	// Nobody but the company's own reads or changes these; a purpose's text is open to staff, who must explain it.
	toRead := []string{"GET /api/v1/purposes/{purpose}", "GET /api/v1/purposes/{purpose}/notices", "GET /purposes/{purpose}"}
	// The supervisor of the same company sees how a call stands, never the customer, and may lower or end it.
	supervised := []string{
		"GET /live/{interaction}", "POST /live/{interaction}/listen", "POST /live/{interaction}/listen/end",
		"POST /api/v1/interactions/{interaction}/listen", "POST /api/v1/interactions/{interaction}/listen/end",
		"POST /live/{interaction}/lower", "POST /live/{interaction}/disconnect", "POST /api/v1/interactions/{interaction}/move", "POST /calls/{interaction}/move",
		"GET /api/v1/interactions/{interaction}", "GET /api/v1/interactions/{interaction}/summary", "GET /api/v1/interactions/{interaction}/verification",
		"GET /calls/{interaction}", "GET /calls/{interaction}/transfer",
		"GET /denials/{denial}", "GET /api/v1/denials/{denial}", "POST /denials/{denial}/review", "POST /api/v1/denials/{denial}/review",
	}
	// A stream opens with the same word for whatever call it names, and tells a person of that person's own calls only (interaction's hub).
	streams := []string{"GET /calls/{interaction}/events"}
	asked := 0
	for _, route := range w.Web.Routes() {
		if !strings.Contains(route.Pattern, "{interaction}") && !strings.Contains(route.Pattern, "{subject}") && !strings.Contains(route.Pattern, "{customer}") && !strings.Contains(route.Pattern, "{purpose}") && !strings.Contains(route.Pattern, "{denial}") {
			continue
		}
		if slices.Contains(toRead, route.Pattern) || slices.Contains(streams, route.Pattern) {
			continue
		}
		method, target, _ := strings.Cut(fill.Replace(route.Pattern), " ")
		w.must(owner.Heartbeat(ctx, itx))
		callers := []caller{{name: "the bank's API client", key: foreign}, {name: "the bank's API client for its agent", key: foreign}}
		for _, p := range strangers {
			if slices.Contains(supervised, route.Pattern) && p.role == actor.Supervisor && p.login == "masuk-supervisor" {
				continue // may
			}
			if strings.Contains(route.Pattern, "{purpose}") && !strings.HasPrefix(p.login, "masuk-bank") {
				continue
			}
			if route.API {
				callers = append(callers, caller{name: p.login, key: p.token})
			} else {
				callers = append(callers, caller{name: p.login, cookie: p.cookie})
			}
		}
		for i, c := range callers {
			if !route.API && c.cookie == "" {
				continue
			}
			asked++
			var r response
			if i == 1 {
				r = w.send(method, target, body[route.Pattern], "Authorization", "Bearer "+foreign, "Amanah-On-Behalf-Of", w.people["bank-agent"].token, "Content-Type", "application/json")
			} else {
				r = w.ask(c, method, target, body[route.Pattern])
			}
			// 409 says that the call is somebody's already.
			if r.status != 403 && r.status != 404 && r.status != 409 {
				t.Errorf("%s by %s: %d %s\n%.400s", route.Pattern, c.name, r.status, r.header.Get("Location"), r.body)
			}
			for _, value := range []string{"Siti Rahmawati", "00000001", subject, "orang1@", "Melati", "1988-04-17"} {
				if strings.Contains(r.text(), value) {
					t.Errorf("%s by %s shows %q", route.Pattern, c.name, value)
				}
			}
		}
		w.sleep(60 * time.Millisecond)
	}
	t.Logf("%d requests", asked)

	// Searching the log for another company's customer.
	for _, p := range strangers[4:] {
		_, err := p.EntryPage(ctx, client.EntryQuery{Subject: subject}, "")
		if s := status(err); s != 403 && s != 404 {
			t.Errorf("the log of a customer by %s: %v", p.login, err)
		}
		// Nor is there anything to be found by the call, by the page or by the index of an entry.
		of, err := p.EntryPage(ctx, client.EntryQuery{Interaction: itx}, "")
		w.must(err)
		if len(of.Entries) == 0 {
			t.Errorf("%s does not find who asked for a call that is not theirs", p.login)
		}
		for _, e := range of.Entries {
			// What the bank's own people tried and were refused is the bank's to see; it names no customer.
			if e.Decision != "denied" || e.Subject != "" {
				t.Errorf("an entry of another company's call by %s: %+v", p.login, e)
			}
		}
		if r := w.console(p).do("GET", "/log?interaction="+itx, nil); r.status != 200 || strings.Contains(r.body, subject) {
			t.Errorf("the log page by %s: %d", p.login, r.status)
		}
		_, err = p.Entry(ctx, origin, disclosed)
		refused(t, err, 404, "audit.no_entry")
		if r := w.console(p).do("GET", fmt.Sprintf("/log/entry?origin=%s&index=%d", url.QueryEscape(origin), disclosed), nil); r.status != 404 {
			t.Errorf("the page of an entry by %s: %d", p.login, r.status)
		}
	}
	// The company whose call it is finds the strangers by it too.
	probed, err := watch.EntryPage(ctx, client.EntryQuery{Interaction: itx, Actor: w.people["bank-agent"].id}, "")
	w.must(err)
	if len(probed.Entries) == 0 || slices.ContainsFunc(probed.Entries, func(e client.Entry) bool { return e.Decision != "denied" || e.Subject != "" }) {
		t.Errorf("what its security finds of the bank's agent: %+v", probed.Entries)
	}
	// What its customers denied.
	for login, sees := range map[string]bool{"bank-supervisor": false, "bank-dpo": false, "bank-security": false, "supervisor": true} {
		if r := w.console(w.people[login]).do("GET", "/denials", nil); r.status != 200 || strings.Contains(r.body, denied) != sees || strings.Contains(r.body, subject) {
			t.Errorf("the denials by %s: %d, must see %t", login, r.status, sees)
		}
	}
	// Messages to its customers.
	for login, sees := range map[string]bool{"bank-supervisor": false, "bank-dpo": false, "bank-security": false, "supervisor": true} {
		if r := w.console(w.people[login]).do("GET", "/outbox", nil); r.status != 200 || strings.Contains(r.body, itx) != sees {
			t.Errorf("the outbox by %s: %d, must see %t", login, r.status, sees)
		}
	}
	// The one whose call it is noticed nothing, and what strangers wrote is not there.
	w.must(owner.Heartbeat(ctx, itx))
	r, err := owner.Reveal(ctx, itx, client.Reveal{Fields: []string{"name"}, Reason: "menyapa"})
	if err != nil || r.Values[0].Text != "Siti Rahmawati" {
		t.Errorf("the owner: %+v %v", r, err)
	}
	if s, err := owner.Summary(ctx, itx); err != nil || s.Notes != 0 {
		t.Errorf("%+v %v", s, err)
	}
	if v, err := owner.Interaction(ctx, itx); err != nil || v.Purpose != purpose || v.Agent != owner.id {
		t.Errorf("%+v %v", v, err)
	}
	// A second search in the owner's own call cannot bind a customer that it did not find.
	other := w.customer(importer, w.toko, 2)
	next := w.call(owner, 1)
	w.must(owner.Heartbeat(ctx, next))
	if err := owner.Identify(ctx, next, other); status(err) != 403 && status(err) != 404 && status(err) != 409 {
		t.Errorf("a customer that no search found was bound: %v", err)
	}
	// A customer number of the other company is nobody's here.
	banker, _ := w.machine("bank CRM", []string{w.bank}, "import")
	w.customer(banker, w.bank, 9)
	found, err := owner.Search(ctx, next, "customer_number", number(9))
	if err == nil && len(found.Hits) > 0 {
		t.Error("a look-up crosses companies")
	}
	w.verified()
}

func TestASessionThatOnlyBeatsIdlesOut(t *testing.T) {
	w := open(t, "")
	agent := w.hire("rina", actor.Agent)
	beats := 0
	for _, route := range w.Web.Routes() {
		method, target, _ := strings.Cut(strings.ReplaceAll(route.Pattern, "{interaction}", "itx_1"), " ")
		if !strings.Contains(target, "heartbeat") {
			continue
		}
		beats++
		w.signIn(agent)
		w.sleep(31 * time.Second) // a code is good once
		w.browse(agent)
		beat := func() int {
			if strings.HasPrefix(target, "/api/") {
				return w.send(method, target, "", "Authorization", "Bearer "+agent.token).status
			}
			return w.console(agent).do(method, target, url.Values{}).status
		}
		for minute := range 14 {
			w.sleep(time.Minute)
			if status := beat(); status != 404 {
				t.Fatalf("%s: %d after %d minutes", route.Pattern, status, minute+1)
			}
		}
		w.sleep(2 * time.Minute)
		if status := beat(); status == 404 {
			t.Errorf("%s: 16 minutes of nothing but heartbeats, and the session lives on", route.Pattern)
		}
	}
	if beats != 2 {
		t.Errorf("%d ways to say that a call is alive", beats)
	}
}
